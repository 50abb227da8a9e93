import type { Directives } from "./directives.ts";

/** Parts of a structured dictionary (RFC 8941 §3.2), items only: inner lists are in no directive. */
const key = /[a-z*][\w.*-]*/y;
const bareItem =
  /(?:(-?\d{1,15})(?![\d.])|(-?\d{1,12}\.\d{1,3})|"((?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"|([A-Za-z*][!#$%&'*+.^_`|~\w:/-]*)|:([\w+/=]*):|\?([01]))/y;

/**
 * Reads a targeted cache control field such as `CDN-Cache-Control` (RFC 9213 §2.1): a structured dictionary whose
 * values are directives. `undefined` when it is empty or none: it is then as if it were not there (§2.2).
 */
export function parseTargeted(text: string | undefined): Directives | undefined {
  if (text === undefined) return undefined;
  const reader = new Reader(text.trim());
  const found = new Map<string, string | true>();
  while (!reader.ended) {
    const name = reader.take(key)?.[0];
    if (name === undefined || name !== name.toLowerCase()) return undefined;
    const value = reader.skip("=") ? itemOf(reader) : true;
    if (value === undefined || !skipParameters(reader)) return undefined;
    // The last one of a name counts (RFC 8941 §3.2); `?0` says that it is not meant.
    if (value === false) found.delete(name);
    else found.set(name, value);
    reader.space();
    if (reader.ended) break;
    if (!reader.skip(",")) return undefined;
    reader.space();
    if (reader.ended) return undefined;
  }
  return found.size === 0 ? undefined : found;
}

function itemOf(reader: Reader): string | boolean | undefined {
  const match = reader.take(bareItem);
  if (match === undefined) return undefined;
  const [, integer, decimal, string, token, bytes, boolean] = match;
  if (boolean !== undefined) return boolean === "1";
  // A directive that takes seconds takes an integer: a decimal or text there is no time, and so none.
  if (string === undefined) return integer ?? decimal ?? token ?? bytes ?? "";
  // Kept as text: quoted digits are no number.
  return /^\d*$/.test(string) ? `"${string}"` : string.replace(/\\(.)/g, "$1");
}

function skipParameters(reader: Reader): boolean {
  while (reader.skip(";")) {
    reader.space();
    if (reader.take(key) === undefined) return false;
    if (reader.skip("=") && itemOf(reader) === undefined) return false;
  }
  return true;
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get ended(): boolean {
    return this.#at >= this.#text.length;
  }

  take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match === null) return undefined;
    this.#at = pattern.lastIndex;
    return match;
  }

  skip(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  space(): void {
    while (this.skip(" ") || this.skip("\t"));
  }
}
