/** Text for an element or an attribute. */
export const escaped = (text: string): string => Bun.escapeHTML(text);

/** What a cell shows, ready as HTML. */
export interface Cell {
  readonly html: string;
  readonly kind?: "number" | "text" | "code" | "wide";
}

export const text = (value: string): Cell => ({ html: escaped(value) });
export const code = (value: string): Cell => ({ html: escaped(value), kind: "code" });
/** Aligned to the right, its digits below each other. */
export const figure = (value: string): Cell => ({ html: escaped(value), kind: "number" });

/** A word that says how something is, with a dot in its colour. */
export const badge = (word: string, kind: "good" | "warn" | "bad" | "idle"): Cell => ({
  html: `<span class="dot ${kind}"></span>${escaped(word)}`,
});

/** Rows of one table: a page that nobody reads to its end is slow for nothing. */
const mostRows = 40;

/**
 * A titled table, `""` without rows: nothing is shown of what the service does not use.
 * @param most rows that are shown
 */
export function table(
  title: string,
  heads: readonly string[],
  rows: readonly (readonly Cell[])[],
  most = mostRows,
): string {
  const [first] = rows;
  if (first === undefined) return "";
  const open = (tag: string, kind: Cell["kind"]): string => `<${tag}${kind ? ` class="${kind}"` : ""}>`;
  const head = heads.map((each, at) => `${open("th", first[at]?.kind)}${escaped(each)}</th>`).join("");
  const body = rows
    .slice(0, most)
    .map((row) => `<tr>${row.map(({ html, kind }) => `${open("td", kind)}${html}</td>`).join("")}</tr>`);
  const rest =
    rows.length > most ? `<p class="back">and ${rows.length - most} more, all are in the JSON</p>` : "";
  return `<h2>${escaped(title)}</h2><div class="scroll"><table><thead><tr>${head}</tr></thead><tbody>${body.join("")}</tbody></table></div>${rest}`;
}
