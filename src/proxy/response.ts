import type { RelayedAnswer } from "../http/relay.ts";
import { answerFields } from "./fields.ts";
import type { ResponseHead } from "./http1/response-head.ts";
import { cookieHere, locationHere, type PathMap } from "./rewrite.ts";

/** The head of an answer for the client; the same head gives the same, so that the last one may be kept. */
export class AnswerHeads {
  readonly #map: PathMap;
  #head: ResponseHead | undefined;
  #method = "";
  #init: ResponseInit | undefined;

  constructor(map: PathMap) {
    this.#map = map;
  }

  /**
   * @param origins as the upstream may call itself in `Location`
   * @param cookie a `Set-Cookie` of the proxy's own
   */
  init(head: ResponseHead, method: string, origins: readonly string[], cookie?: string): ResponseInit {
    if (this.#head === head && this.#method === method && cookie === undefined) return this.#init!;
    const init = made(head, method, this.#map, origins, cookie);
    if (cookie !== undefined) return init;
    this.#head = head;
    this.#method = method;
    return (this.#init = init);
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
): ResponseInit {
  const bodyless = framing.kind === "none";
  const headers = answerFields(fields, bodyless && (method === "HEAD" || status === 304));
  for (const field of headers) {
    if (field[0] === "location" || field[0] === "content-location")
      field[1] = locationHere(field[1], map, origins);
    else if (field[0] === "set-cookie") field[1] = cookieHere(field[1], map);
  }
  headers.push(["via", "1.1 skitai"]);
  if (cookie !== undefined) headers.push(["set-cookie", cookie]);
  // Bun sends reasons of its own.
  return { status, headers: new Headers(headers) };
}
