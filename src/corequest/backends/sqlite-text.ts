/** Strings, names and comments, in which nothing is a placeholder or an end. https://www.sqlite.org/lang.html */
const tokens =
  /'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]|--[^\n]*|\/\*[^]*?(?:\*\/|$)|[\w$]*[A-Za-z_]\w*|\$(\d+)|;/g;

export interface SqliteText {
  /** With `?1` for `$1`, which SQLite takes for a name. */
  readonly sql: string;
  /** Several statements. */
  readonly script: boolean;
}

export function sqliteText(text: string): SqliteText {
  let end = -1;
  const sql = text.replace(tokens, (token: string, number: string | undefined, at: number) => {
    if (number !== undefined) return `?${number}`;
    if (token === ";" && end < 0) end = at;
    return token;
  });
  return { sql, script: end >= 0 && !isTrigger.test(text) && hasMore(text.slice(end + 1)) };
}

/** Its body has statements of its own. */
const isTrigger = /^\s*create\s+(?:temp(?:orary)?\s+)?trigger\b/i;

const hasMore = (rest: string): boolean => rest.replace(/--[^\n]*|\/\*[^]*?(?:\*\/|$)|[\s;]/g, "") !== "";
