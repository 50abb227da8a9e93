import { SkitaiError } from "../errors.ts";

/** The parts of an element that XML-RPC looks at. */
export interface Element {
  /** Without prefix: `nil` of `ex:nil`. */
  readonly name: string;
  readonly node: Bun.XML.Node;
}

/** Tags, comments and instructions of a document: each of the parser's nodes costs a hundred times its four bytes. */
const mostMarkup = 600_000;

/**
 * The root element. Bun's parser reads no external entity and limits the internal ones; without a document type there
 * are none at all.
 * @param size bytes (characters of a text) at most
 * @throws SkitaiError RPC_INVALID when it is no XML, has a document type, or is larger than the limits
 */
export function parseXml(source: string | Uint8Array, size: number): Element {
  if (source.length > size) throw invalid("size of the XML", source.length, `at most ${size} bytes`);
  // UTF-8 and Latin-1 have no byte of an ASCII character within another one; UTF-16, which is full of zeros, has.
  const markup = typeof source === "string" ? source : latin1(source);
  if (markup.includes("\0")) throw invalid("XML", "\0", "UTF-8, US-ASCII or ISO-8859-1 without zero bytes");
  if (hasTooMuch(markup)) throw invalid("XML", undefined, `at most ${mostMarkup} tags and comments are read`);
  if (hasDocumentType(markup)) throw invalid("XML", "<!DOCTYPE", "no document type");
  return elementOf(parse(source));
}

/** Its child elements; other text between them than white space is an error, comments are nothing. */
export function elementsOf({ node }: Element): Element[] {
  const found: Element[] = [];
  for (const child of node.children) {
    if (typeof child === "string") {
      if (child.trim() !== "") throw invalid(`text in <${node.name}>`, child.trim(), "only elements");
    } else if ("name" in child) found.push(elementOf(child));
  }
  return found;
}

/** Its text, of which comments are no part. */
export function textOf({ node }: Element): string {
  let text = "";
  for (const child of node.children) {
    if (typeof child === "string") text += child;
    else if ("name" in child) throw invalid(`<${child.name}> in <${node.name}>`, undefined, "only text");
  }
  return text;
}

/** Whether it has no child elements. */
export const isLeaf = ({ node }: Element): boolean =>
  node.children.every((child) => typeof child === "string" || !("name" in child));

/** The only child element, which must have that name. */
export function only(parent: Element, name: string): Element {
  const [child, ...rest] = elementsOf(parent);
  if (child?.name !== name || rest.length > 0)
    throw invalid(`<${parent.name}>`, [child, ...rest].map((each) => each?.name).join(), `one <${name}>`);
  return child;
}

export const invalid = (name: string, value: unknown, accepted: string, cause?: unknown): SkitaiError =>
  new SkitaiError("RPC_INVALID", {
    name,
    ...(value === undefined ? {} : { value }),
    accepted,
    ...(cause === undefined ? {} : { cause }),
  });

function parse(source: string | Uint8Array): Bun.XML.Node {
  try {
    return Bun.XML.parse(source as string | Uint8Array<ArrayBuffer>, { compact: false });
  } catch (error) {
    // A RangeError for what is nested a hundred thousand deep.
    const text = error instanceof Error ? error.message : String(error);
    throw invalid("XML", undefined, text, error);
  }
}

const latin1 = (source: Uint8Array): string =>
  Buffer.from(source.buffer, source.byteOffset, source.byteLength).toString("latin1");

function hasTooMuch(markup: string): boolean {
  if (markup.length <= mostMarkup) return false;
  let count = 0;
  for (let at = markup.indexOf("<"); at >= 0; at = markup.indexOf("<", at + 1)) count++;
  return count > mostMarkup;
}

/** Whether a document type comes before the root element, the only place where it may be. */
function hasDocumentType(markup: string): boolean {
  let at = markup.indexOf("<");
  while (at >= 0) {
    if (markup.startsWith("<!DOCTYPE", at)) return true;
    const end = markup.startsWith("<?", at) ? "?>" : markup.startsWith("<!--", at) ? "-->" : undefined;
    if (end === undefined) return false;
    const closed = markup.indexOf(end, at + 2);
    at = closed < 0 ? -1 : markup.indexOf("<", closed);
  }
  return false;
}

const elementOf = (node: Bun.XML.Node): Element => ({
  name: node.name.slice(node.name.indexOf(":") + 1),
  node,
});
