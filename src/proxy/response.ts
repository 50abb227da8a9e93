import type { RelayedAnswer } from "../http/relay.ts";
import { answerFields } from "./fields.ts";
import type { Given } from "./forwarding.ts";
import type { ResponseHead } from "./http1/response-head.ts";
import { cookieHere, locationHere, type PathMap } from "./rewrite.ts";

type Line = [name: string, value: string];

/** The head of an answer for the client; the same head gives the same, so that the last one may be kept. */
export class AnswerHeads {
  readonly #map: PathMap;
  #head: ResponseHead | undefined;
  #method = "";
  #lines: readonly Line[] = [];
  #headers: Headers | undefined;

  constructor(map: PathMap) {
    this.#map = map;
  }

  /**
   * @param origins as the upstream may call itself in `Location`
   * @param cookie a `Set-Cookie` of the proxy's own
   */
  lines(head: ResponseHead, method: string, origins: readonly string[], cookie?: string): readonly Line[] {
    if (this.#isLast(head, method) && cookie === undefined) return this.#lines;
    const lines = made(head, method, this.#map, origins, cookie);
    if (cookie !== undefined) return lines;
    this.#head = head;
    this.#method = method;
    this.#headers = undefined;
    return (this.#lines = lines);
  }

  /** @param body of the answer, for which the other parameters are those of `lines` */
  response(
    body: Given["body"],
    head: ResponseHead,
    method: string,
    origins: readonly string[],
    cookie?: string,
  ): Response {
    const { status } = head;
    const content = body as Uint8Array<ArrayBuffer> | null;
    // Headers are worth making for answers to come only: one by one they cost less in the one answer.
    if (cookie === undefined && this.#isLast(head, method)) {
      const headers = (this.#headers ??= new Headers(this.#lines as Line[]));
      return new Response(content, { status, headers });
    }
    // Bun sends reasons of its own.
    const response = new Response(content, { status });
    const { headers } = response;
    for (const [name, value] of this.lines(head, method, origins, cookie)) headers.append(name, value);
    return response;
  }

  #isLast(head: ResponseHead, method: string): boolean {
    return this.#head === head && this.#method === method;
  }
}

/** An answer of `fetch` as a cache takes it. */
export function relayedOf({ status, statusText, headers, body }: Response): RelayedAnswer {
  const said = headers.get("content-length");
  return {
    status,
    reason: statusText,
    fields: [...headers],
    body,
    length: said === null ? undefined : Number(said),
  };
}

function made(
  { status, fields, framing }: ResponseHead,
  method: string,
  map: PathMap,
  origins: readonly string[],
  cookie: string | undefined,
): Line[] {
  const bodyless = framing.kind === "none";
  const headers = answerFields(fields, bodyless && (method === "HEAD" || status === 304));
  for (const field of headers) {
    if (field[0] === "location" || field[0] === "content-location")
      field[1] = locationHere(field[1], map, origins);
    else if (field[0] === "set-cookie") field[1] = cookieHere(field[1], map);
  }
  headers.push(["via", "1.1 skitai"]);
  if (cookie !== undefined) headers.push(["set-cookie", cookie]);
  return headers;
}
