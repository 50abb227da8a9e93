import type { AnswerOptions, HttpCache } from "../cache/cache.ts";
import { StoredAnswer } from "../cache/entry.ts";
import type { Context } from "../context.ts";
import type { RelayedAnswer, RelayedRequest } from "../http/relay.ts";
import { unseenOf } from "./fields.ts";
import type { ReverseProxy } from "./reverse.ts";
import { isUpgrade } from "./websocket.ts";

/** A reverse proxy with a cache before it; answers are known by the URL that clients ask for. Spec C1. */
export class CachedProxy {
  readonly #proxy: ReverseProxy;
  readonly #cache: HttpCache;
  readonly #options: AnswerOptions;

  constructor(proxy: ReverseProxy, cache: HttpCache) {
    this.#proxy = proxy;
    this.#cache = cache;
    // Clients may not have the upstream asked more often than it wants.
    this.#options = { ignoreDirectives: true, unseen: unseenOf(proxy.options.stripped) };
  }

  /** At once where memory has it. */
  respond(request: Request, context: Context, more?: string): Response | Promise<Response> {
    const { method, url, headers } = request;
    // A relative one: HTTP/1.0 without a host.
    if (url.charCodeAt(0) === slash || isUpgrade(headers)) return this.#proxy.respond(request, context, more);
    const asked: RelayedRequest = { method, url: knownBy(url, context, headers), fields: fieldsOf(headers) };
    const forward = (wanted: RelayedRequest, detached: boolean): Promise<RelayedAnswer> =>
      this.#proxy.forward(
        wanted === asked && !detached ? request : instead(request, wanted, detached),
        context,
        more,
      );
    const answer = this.#cache.answer(asked, forward, this.#options);
    return answer instanceof Promise ? answer.then(responseOf) : responseOf(answer);
  }

  close(): void {
    this.#proxy.close();
  }
}

/** Half of what an iterator takes. */
function fieldsOf(headers: Headers): [name: string, value: string][] {
  const fields: [string, string][] = [];
  headers.forEach((value, name) => void fields.push([name, value]));
  return fields;
}

const slash = 47;

/** The URL with scheme and host as trusted proxies say them: an upstream may answer by these. */
function knownBy(url: string, context: Context, headers: Headers): string {
  const proto = headers.get("x-forwarded-proto");
  const host = headers.get("x-forwarded-host");
  if ((proto === null && host === null) || !context.scope.trusted(context.peer)) return url;
  const from = url.indexOf("//") + 2;
  const to = url.indexOf("/", from);
  return `${proto ?? url.slice(0, from - 3)}://${host ?? url.slice(from, to)}${url.slice(to)}`;
}

/** The same request with other fields, such as validators; it ends with its client unless it is detached. */
const instead = (request: Request, { method, fields }: RelayedRequest, detached: boolean): Request =>
  new Request(request.url, {
    method,
    headers: fields as [string, string][],
    ...(detached ? {} : { signal: request.signal }),
  });

function responseOf(answer: RelayedAnswer): Response {
  const { status } = answer;
  if (answer instanceof StoredAnswer)
    return new Response(answer.content as Content, { status, headers: answer.headers });
  const headers = new Headers(answer.fields as [string, string][]);
  if (answer.cookie !== undefined) headers.append("set-cookie", answer.cookie);
  return new Response(answer.body as Content, { status, headers });
}

type Content = Uint8Array<ArrayBuffer> | Blob | null;
