import { type Asked, secondsOf } from "./asked.ts";
import { ageOf, type Stored } from "./stored.ts";

/**
 * What an entry is good for: `fresh`; `stale` but allowed; `while-revalidate`, stale, and to be fetched behind the answer;
 * `request`, the client wants it validated; `no`, it is too old.
 */
export type Use = "fresh" | "stale" | "while-revalidate" | "request" | "no";

/** RFC 9111 §4, §5.2.1; RFC 5861 §3. */
export function useOf(stored: Stored, asked: Asked, now: number): Use {
  const age = ageOf(stored, now);
  const left = stored.lifetime - (now - stored.generated) / 1000;
  if (asked.noCache) return "request";
  if (asked.directives.size > 0) {
    if (age > (secondsOf(asked, "max-age") ?? Infinity)) return "request";
    if (left < (secondsOf(asked, "min-fresh") ?? -Infinity)) return "request";
  }
  if (left > 0) return "fresh";
  const most = asked.directives.get("max-stale") === true ? Infinity : secondsOf(asked, "max-stale");
  if (!stored.strict && most !== undefined && -left <= most) return "stale";
  return -left < stored.whileRevalidate ? "while-revalidate" : "no";
}

/** Whether it may stand in for an upstream that fails (RFC 5861 §4). */
export function standsIn(stored: Stored, asked: Asked, now: number): boolean {
  const late = (now - stored.generated) / 1000 - stored.lifetime;
  if (late < 0) return true;
  const asks = stored.strict ? 0 : (secondsOf(asked, "stale-if-error") ?? 0);
  return late < Math.max(stored.ifError, asks);
}

/** The statuses that stale-if-error is about. */
export const isFailure = (status: number): boolean => status === 500 || (status >= 502 && status <= 504);
