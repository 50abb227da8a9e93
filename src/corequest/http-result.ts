import { CorequestError, type Target } from "./errors.ts";
import { Result } from "./result.ts";

/** An answer with a status of 300 or more, as `fetch` throws it: a handler that does not catch it answers with that status. */
export class HttpError extends CorequestError {
  readonly statusCode: number;
  /** What the answer carried, parsed. */
  readonly data: unknown;
  readonly headers: Headers;

  constructor(target: Target, what: string, response: Response, data: unknown) {
    const { status, statusText, headers } = response;
    const accepted = `an answer below 300, got ${status} ${statusText}`.trimEnd();
    super("BACKEND_STATUS", target, what, { accepted }, status >= 400 && status < 600 ? status : 502);
    this.name = "HttpError";
    this.statusCode = status;
    this.data = data;
    this.headers = headers;
  }
}

const isJson = /^application\/(?:[\w.+-]+\+)?json\b/i;
const isText = /^(?:text\/|application\/(?:[\w.+-]+\+)?xml\b|application\/x-www-form-urlencoded|image\/svg)/i;

/** Reads the body of an answer whole. @throws what reading throws; CorequestError BACKEND_FAILED when it is too large or no JSON */
export async function httpResult(
  response: Response,
  target: Target,
  what: string,
  { maxBytes, stream }: { readonly maxBytes: number; readonly stream: boolean },
): Promise<Result<unknown>> {
  const { status, statusText: reason, headers } = response;
  if (stream && status < 300)
    return new Result<unknown>(response.body, { statusCode: status, reason, headers });
  const data = await dataOf(
    response,
    maxBytes,
    (detail) => new CorequestError("BACKEND_FAILED", target, what, detail),
  );
  const error = status >= 300 ? new HttpError(target, what, response, data) : undefined;
  return new Result<unknown>(data, { statusCode: status, reason, headers, error });
}

type Refusal = (detail: { accepted: string; cause?: unknown }) => Error;

/** No promise of its own: most answers say how long they are. */
function dataOf(response: Response, maxBytes: number, refused: Refusal): Promise<unknown> {
  const { headers } = response;
  const type = headers.get("content-type") ?? "";
  const length = Number(headers.get("content-length") ?? Number.NaN);
  // Beside chunks a length says nothing (RFC 9112 §6.3).
  const plain = headers.get("content-encoding") === null && headers.get("transfer-encoding") === null;
  if (!(length <= maxBytes) || !plain)
    return limitedDataOf(response, type, maxBytes, length > maxBytes, refused);
  if (isJson.test(type)) return response.text().then((text) => parsed(text, refused));
  return isText.test(type) ? response.text().then(some) : response.bytes().then(some);
}

async function limitedDataOf(
  response: Response,
  type: string,
  maxBytes: number,
  known: boolean,
  refused: Refusal,
): Promise<unknown> {
  const tooLarge = (): Error => refused({ accepted: `an answer of at most ${maxBytes} bytes` });
  if (known) {
    await response.body?.cancel();
    throw tooLarge();
  }
  const bytes = await readAtMost(response, maxBytes, tooLarge);
  if (bytes.length === 0) return undefined;
  const json = isJson.test(type);
  if (!json && !isText.test(type)) return bytes;
  const text = new TextDecoder().decode(bytes);
  return json ? parsed(text, refused) : text;
}

/** Nothing for an empty body, whatever its type: 204, HEAD. */
const some = <Body extends { readonly length: number }>(body: Body): Body | undefined =>
  body.length === 0 ? undefined : body;

function parsed(text: string, refused: Refusal): unknown {
  if (text === "") return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw refused({ accepted: "JSON, as its content type says", cause });
  }
}

/** A length that is not said, or that of a compressed body, tells nothing of what comes. */
async function readAtMost(response: Response, maxBytes: number, tooLarge: () => Error): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of response.body ?? []) {
    size += part.byteLength;
    if (size > maxBytes) throw tooLarge();
    parts.push(part);
  }
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
}
