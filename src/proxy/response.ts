import { answerFields } from "./fields.ts";
import type { Arrived } from "./http1/connection.ts";
import { MalformedAnswer } from "./http1/response-head.ts";
import type { Origin } from "./origin.ts";
import { cookieHere, locationHere, type PathMap } from "./rewrite.ts";

/** Bodies of known length up to this size are waited for: Bun sends what is whole with its length, and streams in chunks. */
const whole = 256 * 1024;

export interface ResponseOptions extends PathMap {}

/**
 * The answer for the client.
 * @param over told once, when the upstream has nothing to do with it any more
 */
export async function clientResponse(
  { head, body }: Arrived,
  method: string,
  { origins }: Origin,
  map: ResponseOptions,
  over: () => void,
): Promise<Response> {
  const { status, reason, framing } = head;
  if (status > 599 || status < 200) throw new MalformedAnswer(`a status of ${status}`);
  const bodyless = framing.kind === "none";
  const headers = answerFields(head.fields, bodyless && (method === "HEAD" || status === 304));
  for (const field of headers) {
    if (field[0] === "location" || field[0] === "content-location")
      field[1] = locationHere(field[1], map, origins);
    else if (field[0] === "set-cookie") field[1] = cookieHere(field[1], map);
  }
  headers.push(["via", "1.1 skitai"]);
  const init = { status, statusText: reason, headers };
  if (bodyless) {
    over();
    return new Response(null, init);
  }
  if (framing.kind === "length" && framing.length <= whole && !body.complete) await body.completed();
  if (body.complete) {
    over();
    return new Response(body.whole() as Uint8Array<ArrayBuffer>, init);
  }
  body.ended(over);
  return new Response(body.stream(), init);
}
