/** Compares two entity tags, quotes and `W/` included. */
export type EtagComparison = (a: string, b: string) => boolean;

const opaque = (etag: string): string => (etag.startsWith("W/") ? etag.slice(2) : etag);

/** RFC 9110 §8.8.3.2: equal and both strong. For If-Match and If-Range. */
export const strongMatch: EtagComparison = (a, b) => a === b && !a.startsWith("W/");

/** RFC 9110 §8.8.3.2: equal but for `W/`. For If-None-Match. */
export const weakMatch: EtagComparison = (a, b) => a === b || opaque(a) === opaque(b);

/** A comma is legal inside a tag, so the list is not split at commas; a space is not, but is seen in the wild. */
const ENTITY_TAG = /(?:W\/)?"[\x20\x21\x23-\x7e\x80-\uffff]*"/g;

/** Whether a list such as `"a", W/"b"` has a tag that equals `etag`. `*` is for the caller. Unquoted words match nothing. */
export function listMatches(list: string, etag: string, matches: EtagComparison): boolean {
  if (list === etag) return matches(list, etag);
  for (const [tag] of list.matchAll(ENTITY_TAG)) if (matches(tag, etag)) return true;
  return false;
}
