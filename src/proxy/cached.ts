import type { HttpCache } from "../cache/cache.ts";
import { StoredAnswer } from "../cache/entry.ts";
import type { Context } from "../context.ts";
import type { RelayedAnswer, RelayedRequest } from "../http/relay.ts";
import type { ReverseProxy } from "./reverse.ts";
import { isUpgrade } from "./websocket.ts";

/** A reverse proxy with a cache before it; answers are known by the URL that clients ask for. Spec C1. */
export class CachedProxy {
  readonly #proxy: ReverseProxy;
  readonly #cache: HttpCache;

  constructor(proxy: ReverseProxy, cache: HttpCache) {
    this.#proxy = proxy;
    this.#cache = cache;
  }

  /** At once where memory has it. */
  respond(request: Request, context: Context, more?: string): Response | Promise<Response> {
    const { method, url, headers } = request;
    // A relative one: HTTP/1.0 without a host.
    if (url.charCodeAt(0) === slash || isUpgrade(headers)) return this.#proxy.respond(request, context, more);
    const asked: RelayedRequest = { method, url, fields: [...headers] };
    const forward = (wanted: RelayedRequest, detached: boolean): Promise<RelayedAnswer> =>
      this.#proxy.forward(
        wanted === asked && !detached ? request : instead(request, wanted, detached),
        context,
        more,
      );
    const answer = this.#cache.answer(asked, forward, ownDirectives);
    return answer instanceof Promise ? answer.then(responseOf) : responseOf(answer);
  }

  close(): void {
    this.#proxy.close();
  }
}

const slash = 47;
/** Clients may not have the upstream asked more often than it wants. */
const ownDirectives = { ignoreDirectives: true };

/** The same request with other fields, such as validators; it ends with its client unless it is detached. */
const instead = (request: Request, { method, url, fields }: RelayedRequest, detached: boolean): Request =>
  new Request(url, {
    method,
    headers: fields as [string, string][],
    ...(detached ? {} : { signal: request.signal }),
  });

function responseOf(answer: RelayedAnswer): Response {
  const { status, body } = answer;
  const headers =
    answer instanceof StoredAnswer ? answer.headers : new Headers(answer.fields as [string, string][]);
  return new Response(body as Uint8Array<ArrayBuffer> | null, { status, headers });
}
