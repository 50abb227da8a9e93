/** Elements that begin a line of their own. */
const blocks =
  "address,article,aside,blockquote,dd,div,dl,dt,fieldset,figcaption,figure,footer,form,h1,h2,h3,h4,h5,h6,header,hr,li,main,nav,ol,p,pre,section,table,tr,ul";
/** Elements that have an empty line around them. */
const paragraphs = new Set([
  "p",
  "h1",
  "h2",
  "h3",
  "h4",
  "h5",
  "h6",
  "blockquote",
  "table",
  "ul",
  "ol",
  "pre",
]);
const unseen = "head,style,script,template,title,noscript";

const entities: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
  nbsp: " ",
  copy: "©",
  reg: "®",
  trade: "™",
  hellip: "…",
  mdash: "—",
  ndash: "–",
  lsquo: "‘",
  rsquo: "’",
  ldquo: "“",
  rdquo: "”",
  bull: "•",
  euro: "€",
  middot: "·",
  laquo: "«",
  raquo: "»",
  times: "×",
  auml: "ä",
  ouml: "ö",
  uuml: "ü",
  Auml: "Ä",
  Ouml: "Ö",
  Uuml: "Ü",
  szlig: "ß",
  eacute: "é",
  egrave: "è",
  agrave: "à",
  ccedil: "ç",
  ntilde: "ñ",
};

/** Marks of one pass, private to it: characters that no text is left with. */
const line = "\u0001";
const paragraph = "\u0002";

/** The text of a page as a reader without HTML sees it: lines, list dots, addresses of links, `alt` of images. Spec M1. */
export function textOfHtml(html: string): string {
  const parts: string[] = [];
  let hidden = 0;
  const add = (text: string): void => {
    if (hidden === 0) parts.push(text);
  };
  new HTMLRewriter()
    .on(unseen, {
      element(element) {
        hidden += 1;
        element.onEndTag(() => void (hidden -= 1));
      },
    })
    .on(blocks, { element: (element) => around(element, add) })
    .on("br", { element: () => add(line) })
    .on("td,th", { element: (element) => void element.onEndTag(() => add(" ")) })
    .on("img", { element: (element) => add(element.getAttribute("alt") ?? "") })
    .on("a[href]", { element: (element) => link(element, parts, add) })
    .onDocument({ text: ({ text }) => add(text.replace(/[\s\u0001\u0002]+/g, " ")) })
    .transform(html);
  return tidy(decoded(parts.join("")));
}

type Element = HTMLRewriterTypes.Element;

function around(element: Element, add: (text: string) => void): void {
  const { tagName } = element;
  const mark = paragraphs.has(tagName) ? paragraph : line;
  add(mark);
  if (tagName === "li") add("- ");
  if (tagName === "hr") add(`---${line}`);
  else element.onEndTag(() => add(mark));
}

/** The address behind its words, unless they are the address. */
function link(element: Element, parts: readonly string[], add: (text: string) => void): void {
  const href = element.getAttribute("href") ?? "";
  const from = parts.length;
  element.onEndTag(() => {
    const words = parts.slice(from).join("").trim();
    if (
      /^(https?|mailto|tel):/i.test(href) &&
      !href.replace(/^\w+:/, "").endsWith(words.replace(/^\w+:/, "") || "\n")
    )
      add(words === "" ? href : ` (${href})`);
  });
}

const decoded = (text: string): string =>
  text.replace(/&(?:#(\d{1,7})|#x([\da-f]{1,6})|(\w{2,10}));/gi, (whole, decimal, hex, name) => {
    if (name !== undefined) return entities[name as string] ?? whole;
    const code = decimal === undefined ? Number.parseInt(hex as string, 16) : Number(decimal);
    return code > 31 && code <= 0x10ffff && !(code >= 0xd800 && code < 0xe000)
      ? String.fromCodePoint(code)
      : " ";
  });

const tidy = (text: string): string =>
  text
    .replace(/ *[\u0001\u0002][ \u0001\u0002]*/g, (marks) => (marks.includes(paragraph) ? "\n\n" : "\n"))
    .replace(/ {2,}/g, " ")
    .trim();
