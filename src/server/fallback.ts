import type { Mount } from "../mounts/mount.ts";
import type { Exchange } from "./exchange.ts";
import { problemResponse } from "./problem.ts";
import type { Entry } from "./table.ts";

/** Stands for the mount of requests that no mount answers. */
export const nothing: Mount = { label: "nothing", final: true, respond: () => undefined };

/** A problem the engine itself finds with a request. */
export function refuse(
  exchange: Exchange,
  status: number,
  detail: string,
  headers: Record<string, string> = {},
): Response {
  const transaction = exchange.context.gtxnid;
  return problemResponse({ status, detail, transaction }, exchange.headers.get("accept"), headers);
}

/** `/v1` is `/v1/` for who mounted there, so that relative links of its pages hold; 308 keeps method and body. */
export function redirectBelow(exchange: Exchange): Response {
  const location = `${exchange.path}/${exchange.search}`;
  return new Response(null, { status: 308, headers: { location } });
}

/** What remains when no mount answered: the wrong method for a file that is there, else 404. */
export function unanswered(exchange: Exchange, entries: readonly Entry[]): Response {
  for (const entry of entries) {
    const allow = entry.mount.allow?.(exchange.enter(entry));
    if (allow === undefined) continue;
    if (exchange.method === "OPTIONS") return new Response(null, { status: 204, headers: { allow } });
    return refuse(exchange, 405, `${exchange.method} is not allowed here`, { allow });
  }
  return refuse(exchange, 404, `nothing is mounted or found at ${exchange.path}`);
}
