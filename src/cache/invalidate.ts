import type { RelayedAnswer, RelayedRequest } from "../http/relay.ts";
import type { Control } from "./control.ts";
import { valueOf } from "./fields.ts";
import { keyOf, originOf, outgoing, plain } from "./key.ts";

/** RFC 9110 §9.2.1. A method that nobody knows is not. */
const safe: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "TRACE"]);

/** What an unsafe request that succeeded takes away (RFC 9111 §4.4): its own URL, and those it names of the same origin. @returns whether that was anything */
export function invalidate(
  { method, url }: RelayedRequest,
  answer: RelayedAnswer,
  control: Control,
): boolean {
  if (safe.has(method) || answer.status < 200 || answer.status >= 400) return false;
  const key = keyOf(url);
  if (key === undefined) return false;
  const keys = new Set([key]);
  for (const name of ["location", "content-location"]) {
    const value = valueOf(answer.fields, name);
    const other = value === undefined ? undefined : keyOf(resolve(value, plain(key)));
    if (other === undefined || originOf(other) !== originOf(plain(key))) continue;
    keys.add(key === plain(key) ? other : outgoing(other));
  }
  for (const each of keys) control.purgeUrl(each);
  return true;
}

function resolve(reference: string, base: string): string {
  const url = URL.parse(reference, base);
  if (url === null) return "";
  url.hash = "";
  return url.href;
}
