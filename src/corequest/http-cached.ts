import { outgoing } from "../cache/key.ts";
import { processCache } from "../cache/process.ts";
import { fetchWithin } from "./http-redirects.ts";
import type { RelayedAnswer, RelayedRequest } from "../http/relay.ts";

type Init = BunFetchRequestInit & { method: string; headers: Record<string, string> };

/**
 * `fetch`, by way of the cache where `enableCacheFs` has made one: answers are kept as RFC 9111 says, and as they are after a
 * content coding was taken off. Spec C1.
 * @param alias what the answers of an alias's members are known by, whichever gave them
 */
export function cachedFetch(url: string, path: string, alias: string, init: Init): Promise<Response> {
  const cache = processCache();
  if ((init.redirect ?? "follow") !== "follow") return fetch(url + path, init);
  const ask = alias.startsWith("@") ? fetchWithin : fetch;
  if (cache === undefined) return ask(url + path, init);
  const known = alias.startsWith("@") ? `http://${alias.slice(1)}.alias` : url;
  const asked: RelayedRequest = {
    method: init.method,
    url: outgoing(known + path),
    fields: Object.entries(init.headers),
  };
  const body = init.body !== undefined && (init.method === "GET" || init.method === "HEAD");
  const forward = async ({ fields }: RelayedRequest, detached = false): Promise<RelayedAnswer> => {
    const { signal, ...rest } = init;
    const headers = fields as [string, string][];
    return decoded(await ask(url + path, { ...rest, headers, ...(detached || !signal ? {} : { signal }) }));
  };
  return Promise.resolve(cache.answer(asked, forward, { body })).then(responseOf);
}

/** Lengths and codings are those of the way here. */
const ofTransfer = new Set([
  "content-encoding",
  "content-length",
  "transfer-encoding",
  "connection",
  "keep-alive",
]);

function decoded({ status, statusText, headers, body }: Response): RelayedAnswer {
  const fields = [...headers].filter(([name]) => !ofTransfer.has(name));
  return { status, reason: statusText, fields, body, length: undefined };
}

function responseOf({ status, reason, fields, body }: RelayedAnswer): Response {
  const headers = new Headers(fields as [string, string][]);
  return new Response(body as Uint8Array<ArrayBuffer> | null, { status, statusText: reason, headers });
}
