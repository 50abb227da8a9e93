/** Directives by lower-case name; `true` for one without argument. */
export type Directives = ReadonlyMap<string, string | true>;

/** A directive: a token, perhaps with a token or a quoted string (RFC 9111 §5.2). Whatever is between two is passed over. */
const directive = /([!#$%&'*+.^_`|~\w-]+)(?:=(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*)))?[^,"]*(?:,|$)/gy;
/** The largest that is told apart (RFC 9111 §1.2.2). */
const longest = 2 ** 31;

/** How long or old something may be: of two that differ the shorter is believed (RFC 9111 §4.2.1). */
const durations: ReadonlySet<string> = new Set(["max-age", "s-maxage"]);

/** Reads `Cache-Control`, several fields of it joined by commas. Quoted commas part nothing. */
export function parseDirectives(text: string | undefined): Directives {
  const found = new Map<string, string | true>();
  if (text === undefined) return found;
  directive.lastIndex = 0;
  while (directive.lastIndex < text.length) {
    const at = directive.lastIndex;
    const match = directive.exec(text);
    if (match === null) {
      // Something that is no directive: on after the next comma.
      const comma = text.indexOf(",", at);
      if (comma < 0) break;
      directive.lastIndex = comma + 1;
      while (text[directive.lastIndex] === " ") directive.lastIndex++;
      continue;
    }
    add(found, match[1]!.toLowerCase(), match[2]?.replace(/\\(.)/g, "$1") ?? match[3] ?? true);
    while (text[directive.lastIndex] === " " || text[directive.lastIndex] === "\t") directive.lastIndex++;
  }
  return found;
}

function add(found: Map<string, string | true>, name: string, value: string | true): void {
  const before = found.get(name);
  if (before === undefined) return void found.set(name, value);
  if (durations.has(name)) {
    if (secondsFrom(value) < secondsFrom(before)) found.set(name, value);
    return;
  }
  // Fields named twice are all meant; the bare form covers every field.
  if (name !== "private" && name !== "no-cache") return;
  found.set(name, before === true || value === true ? true : `${before}, ${value}`);
}

/** Seconds of a directive's argument; 0 for what is none: unreadable freshness is none (RFC 9111 §4.2.1). */
export function secondsFrom(value: string | true | undefined): number {
  return typeof value === "string" && /^\d+$/.test(value) ? Math.min(Number(value), longest) : 0;
}

/** As `Cache-Control` would say them. */
export const formatDirectives = (directives: Directives): string =>
  Array.from(directives, ([name, value]) => (value === true ? name : `${name}=${value}`)).join(", ");
