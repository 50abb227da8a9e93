import { statSync } from "node:fs";

/**
 * Bun does not say how long a `Response` body is, and asking for its stream costs the fast path (3 µs). So the
 * constructor remembers what it was given: in a few slots for the last responses, since most are sent at once, and on
 * the response itself when it is still there as its slot is needed (a property of its own costs 300 ns with its garbage).
 */
const given = Symbol("skitai.body");
const shown = Symbol("skitai.shown");
export type ResponseBody = ConstructorParameters<typeof Response>[0];
type Tracked = Response & { [given]?: ResponseBody; [shown]?: Response };

const jsonHeaders = new Headers({ "content-type": "application/json;charset=utf-8" });
let installed = false;

const slots = 8;
const responses: (Tracked | undefined)[] = Array.from({ length: slots }, () => undefined);
const bodies: ResponseBody[] = Array.from({ length: slots }, () => null);
let newest = 0;

function remember(response: Tracked, body: ResponseBody): void {
  newest = (newest + 1) % slots;
  const older = responses[newest];
  if (older !== undefined) older[given] = bodies[newest]!;
  responses[newest] = response;
  bodies[newest] = body;
}

/** Called when a response is sent: its slot is free. */
export function forgetBody(response: Response): void {
  if (responses[newest] !== response) return;
  responses[newest] = undefined;
  bodies[newest] = null;
  newest = (newest + slots - 1) % slots;
}

/** Replaces the global `Response` by one that remembers its body; `instanceof`, subclasses and static methods stay. */
export function trackResponseBodies(): void {
  if (installed) return;
  installed = true;
  const Native = globalThis.Response;
  function TrackedResponse(body?: ResponseBody, init?: ResponseInit): Tracked {
    const response: Tracked =
      new.target === TrackedResponse || new.target === undefined
        ? new Native(body, init)
        : Reflect.construct(Native, [body, init], new.target);
    remember(response, body ?? null);
    // Frameworks answer HEAD with `new Response(null, answerToGet)`.
    if (init instanceof Native && (body === null || body === undefined)) response[shown] = init;
    return response;
  }
  TrackedResponse.prototype = Native.prototype;
  Object.setPrototypeOf(TrackedResponse, Native);
  TrackedResponse.json = (data: unknown, init?: ResponseInit): Response => jsonResponse(data, init);
  Native.prototype.constructor = TrackedResponse;
  globalThis.Response = TrackedResponse as unknown as typeof Response;
}

function jsonResponse(data: unknown, init: ResponseInit | number | undefined): Response {
  const text = JSON.stringify(data);
  if (text === undefined) throw new TypeError("Response.json: value is not serializable to JSON");
  if (init === undefined) return new Response(text, { headers: jsonHeaders });
  const response = new Response(text, typeof init === "number" ? { status: init } : init);
  if (!response.headers.has("content-type"))
    response.headers.set("content-type", "application/json;charset=utf-8");
  return response;
}

/**
 * The body a response was made with; `undefined` when it was not made by the constructor (a `fetch` result, a clone)
 * and only its stream can tell.
 */
export function givenBody(response: Response): ResponseBody | undefined {
  if (responses[newest] === response) return bodies[newest]!;
  const slot = responses.indexOf(response);
  return slot < 0 ? (response as Tracked)[given] : bodies[slot]!;
}

/** Length of a body in bytes; -1 when only reading it can tell. */
export function bodyLength(body: ResponseBody | undefined): number {
  if (typeof body === "string") return Buffer.byteLength(body);
  if (body === null) return 0;
  if (body === undefined) return -1;
  if (body instanceof Blob) return body.size;
  if (ArrayBuffer.isView(body) || body instanceof ArrayBuffer || body instanceof SharedArrayBuffer)
    return body.byteLength;
  return body instanceof URLSearchParams ? Buffer.byteLength(body.toString()) : -1;
}

/** Statuses that have no body (RFC 9110 §6.4.1, §15.3.6): Bun sends none, whatever the response holds. */
export const isBodyless = (status: number): boolean => status === 204 || status === 205 || status === 304;

/**
 * Gives the answer to a HEAD request the length and type that GET would show, where Bun leaves them away: the type of
 * text, and both when a framework put the answer to GET into one without body (RFC 9110 §9.3.2).
 */
export function describeBody(response: Response): void {
  const { headers } = response;
  const source = (response as Tracked)[shown];
  const body = givenBody(source ?? response);
  if (typeof body === "string" && !headers.has("content-type"))
    headers.set("content-type", "text/plain;charset=utf-8");
  if (source === undefined || isBodyless(response.status)) return;
  const length = bodyLength(body);
  if (length >= 0) headers.set("content-length", String(length));
  else source.body?.cancel().catch(() => {});
}

/** Whether a body is a `Bun.file` that cannot be sent: Bun would answer with a 500 page, after the request was logged. */
export function isMissingFile(response: Response): boolean {
  const body = givenBody(response);
  if (!(body instanceof Blob) || body instanceof File || !("name" in body) || "presign" in body) return false;
  if (typeof body.name !== "string") return false;
  return statSync(body.name, { throwIfNoEntry: false })?.isDirectory() ?? true;
}
