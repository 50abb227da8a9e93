import { runWith } from "../context.ts";
import { SkitaiError } from "../errors.ts";
import {
  bodyLength,
  forgetBody,
  describeBody,
  givenBody,
  isBodyless,
  isMissingFile,
} from "../http/response-body.ts";
import type { AccessLog } from "../log/access.ts";
import { type FailedRequest, failures } from "../metrics/failures.ts";
import { requestCounts, unmounted } from "../metrics/requests.ts";
import type { ApplicationLog } from "../log/application.ts";
import { countedStream, startBody, type StreamEnd } from "./counted-stream.ts";
import type { Deadline, Deadlines } from "./deadlines.ts";
import type { Exchange } from "./exchange.ts";
import { nothing, refuse } from "./fallback.ts";
import { idleLimit } from "./listener.ts";
import { fieldsOf, isClientError, problemOf, problemResponse } from "./problem.ts";

/** What the way out needs; all of it made at start. */
export interface ReplyParts {
  readonly log: ApplicationLog;
  /** `undefined` when no request is logged. */
  readonly access: AccessLog | undefined;
  readonly unlogged: ((path: string) => boolean) | undefined;
  readonly deadlines: Deadlines;
  /** Seconds an idle connection is kept. */
  readonly keepAlive: number;
  /** Milliseconds a handler, or a client that reads, may pause. */
  readonly pause: number;
  /** Conditional requests, ranges and encoding of an app's answer. */
  readonly finish: (exchange: Exchange, response: Response) => Response | Promise<Response>;
  /** `Strict-Transport-Security` of https answers (RFC 6797 §6.1). */
  readonly hsts: string | undefined;
  /** `Alt-Svc` of https answers (RFC 7838). */
  readonly altSvc: string | undefined;
}

/** How a handler that is waited for can end. */
interface Outcomes<Given> {
  settled(given: Given): Response | Promise<Response>;
  failed(error: unknown): Response | Promise<Response>;
}

/**
 * The way out of one request: whatever a handler gives becomes one answer and one log line. The only place where an
 * error becomes an answer; nothing a handler does gets past it.
 */
export class Reply {
  /** Set at a stop: answers then close their connections, so that no request is sent into a closed one. */
  closing = false;
  /** Answers given since the start. */
  served = 0;
  readonly #parts: ReplyParts;
  readonly #idle: number;

  constructor(parts: ReplyParts) {
    this.#parts = parts;
    this.#idle = idleLimit(parts.keepAlive);
  }

  answered(exchange: Exchange, answer: Response | Promise<Response>): Response | Promise<Response> {
    if (!(answer instanceof Promise)) return this.#complete(exchange, answer);
    const status = Bun.peek.status(answer);
    // An async handler that awaited nothing is as good as a synchronous one.
    if (status === "fulfilled") return this.#complete(exchange, Bun.peek(answer) as Response);
    return this.#wait(exchange, answer);
  }

  failed(exchange: Exchange, error: unknown): Response | Promise<Response> {
    const { context, entry, request } = exchange;
    // Some frameworks throw an answer to end a handler early.
    if (error instanceof Response) return this.#complete(exchange, error);
    if (entry?.onError === undefined) return this.#problem(exchange, error);
    const second = (thrown: unknown): Response => this.#problem(exchange, whileHandling(thrown, error));
    try {
      const own = runWith(context, entry.onError, error, request, context);
      if (!(own instanceof Promise)) return this.#handled(exchange, error, own);
      const { pause } = this.#parts;
      return this.#inTime(exchange, own, Date.now() + pause, {
        settled: (response) => this.#handled(exchange, error, response),
        failed: second,
      });
    } catch (thrown) {
      return second(thrown);
    }
  }

  /** What an app's error handler made of an error; it may leave it to the engine. */
  #handled(exchange: Exchange, error: unknown, own: Response | undefined): Response | Promise<Response> {
    if (!(own instanceof Response)) return this.#problem(exchange, error);
    this.#trace(exchange, error);
    return this.#complete(exchange, own);
  }

  /** Waits for a handler, but not for ever. */
  #wait(exchange: Exchange, answer: Promise<Response>): Promise<Response> {
    return this.#inTime(exchange, answer, exchange.started + this.#parts.pause, {
      settled: (response) => this.#complete(exchange, response),
      failed: (error) => this.failed(exchange, error),
    });
  }

  /** What `answer` becomes, or a HANDLER_TIMEOUT at `at`; the connection's own idle limit would cut it unanswered. */
  #inTime<Given extends Response | undefined>(
    exchange: Exchange,
    answer: Promise<Given>,
    at: number,
    { settled, failed }: Outcomes<Given>,
  ): Promise<Response> {
    const { deadlines, pause } = this.#parts;
    exchange.untime();
    return new Promise((resolve) => {
      let expired = false;
      const expire = (): void => {
        // A handler that reads a slow upload is not late: its time starts with the last byte.
        const moved = exchange.body?.moved ?? 0;
        if (moved + pause > Date.now()) {
          deadline.at = moved + pause;
          return deadlines.add(deadline);
        }
        expired = true;
        resolve(failed(lateHandler(pause)));
      };
      const deadline: Deadline = { at, place: -1, expire };
      deadlines.add(deadline);
      answer.then(
        (given) => {
          deadlines.delete(deadline);
          if (expired) discard(given);
          else resolve(settled(given));
        },
        (error: unknown) => {
          deadlines.delete(deadline);
          if (!expired) resolve(failed(error));
        },
      );
    });
  }

  #complete(exchange: Exchange, response: Response): Response | Promise<Response> {
    if (exchange.context.upgraded) return this.#upgraded(exchange);
    const wrong = unusable(response);
    if (wrong) return this.#problem(exchange, wrong);
    if (exchange.entry?.mount.final) return this.#send(exchange, response);
    try {
      if (isMissingFile(response))
        return this.#send(exchange, refuse(exchange, 404, "this file does not exist"));
      const finished = this.#parts.finish(exchange, response);
      if (!(finished instanceof Promise)) return this.#send(exchange, finished);
      return finished.then(
        (whole) => this.#send(exchange, whole),
        (error: unknown) => this.#problem(exchange, error),
      );
    } catch (error) {
      return this.#problem(exchange, error);
    }
  }

  /** Bun has answered, and wants nothing. */
  #upgraded(exchange: Exchange): Response {
    const now = Date.now();
    this.#log(exchange, 101, 0, now, now);
    return undefined as unknown as Response;
  }

  #problem(exchange: Exchange, error: unknown): Response {
    const { context, headers } = exchange;
    this.#trace(exchange, error);
    const problem = problemOf(error, context.gtxnid, context.scope.debug);
    // A client that has not sent all of a body, and need not, cannot send another request.
    const close: Record<string, string> = exchange.bodyRead ? {} : { connection: "close" };
    const fields = { ...fieldsOf(error), ...close };
    return this.#send(exchange, problemResponse(problem, headers.get("accept"), fields));
  }

  #trace(exchange: Exchange, error: unknown): void {
    if (isClientError(error)) return;
    const { log } = this.#parts;
    // Where it happened is in another program.
    const brief = error instanceof SkitaiError && error.code.startsWith("PROXY_");
    runWith(exchange.context, () => (brief ? log.log(error.message, "warn") : log.traceback(error)));
  }

  #send(exchange: Exchange, response: Response): Response {
    const handled = Date.now();
    if (this.closing || exchange.body?.refused) response.headers.set("connection", "close");
    const { hsts, altSvc } = this.#parts;
    if ((hsts !== undefined || altSvc !== undefined) && exchange.request.url.startsWith("https:")) {
      if (hsts !== undefined) response.headers.set("strict-transport-security", hsts);
      if (altSvc !== undefined) response.headers.set("alt-svc", altSvc);
    }
    const links = exchange.context.takeLinks();
    if (links !== undefined) response.headers.append("link", links);
    if (exchange.method === "HEAD" || isBodyless(response.status)) return this.#sendHead(exchange, response);
    const length = bodyLength(givenBody(response));
    if (length < 0 && hasStream(response)) return this.#stream(exchange, response, handled);
    forgetBody(response);
    this.#retime(exchange);
    this.#log(exchange, response.status, length > 0 ? length : 0, handled, handled);
    return response;
  }

  /** An answer of which Bun sends the head only; it cancels a stream. */
  #sendHead(exchange: Exchange, response: Response): Response {
    const now = Date.now();
    if (exchange.method === "HEAD") describeBody(response);
    this.#retime(exchange);
    this.#log(exchange, response.status, 0, now, now);
    return response;
  }

  #stream(exchange: Exchange, response: Response, handled: number): Response {
    const { deadlines, pause } = this.#parts;
    const { headers } = response;
    const started = startBody(response.body!);
    if (Bun.peek.status(started.first) === "rejected")
      return this.#problem(exchange, Bun.peek(started.first));
    const ended = ({ bytes, error }: StreamEnd): void => {
      this.#retime(exchange);
      if (error !== undefined) this.#trace(exchange, error);
      this.#log(exchange, response.status, bytes, handled, Date.now());
    };
    exchange.untime();
    const body = countedStream(started, pause, deadlines, ended);
    return new Response(body, {
      status: response.status,
      statusText: response.statusText,
      headers,
    });
  }

  /** Gives the connection its idle limit back. */
  #retime(exchange: Exchange): void {
    if (exchange.untimed) exchange.server.timeout(exchange.request, this.#idle);
  }

  #log(exchange: Exchange, status: number, responseBytes: number, handled: number, sent: number): void {
    this.served++;
    const { context, entry, started } = exchange;
    const point = entry!.mount === nothing ? unmounted : entry!.point;
    requestCounts.count(point, status, sent > started ? sent - started : 0, responseBytes);
    if (status >= 500) failures.request(failedRequest(exchange, status, responseBytes, handled, sent));
    context.ended();
    const { access, unlogged } = this.#parts;
    if (access === undefined || unlogged?.(exchange.path)) return;
    exchange.status = status;
    exchange.responseBytes = responseBytes;
    exchange.handled = handled;
    exchange.sent = sent;
    access(exchange);
  }
}

const failedRequest = (
  { context, method, path, started }: Exchange,
  status: number,
  bytes: number,
  handled: number,
  sent: number,
): FailedRequest => ({
  time: sent,
  gtxnid: context.gtxnid,
  ltxnid: context.ltxnid,
  method,
  path,
  status,
  bytes,
  handling: handled - started,
  transfer: sent - handled,
});

export const noResponse = (value?: unknown): SkitaiError =>
  new SkitaiError("NO_RESPONSE", {
    name: "handler",
    value,
    accepted: value === undefined ? "returned nothing, a Response is needed" : "a Response",
  });

/** Bun makes the type of a form from its body, and loses it when the stream is asked for first. */
function hasStream(response: Response): boolean {
  response.headers.get("content-type");
  return response.body !== null;
}

/** Why a handler's value cannot be sent. */
function unusable(response: unknown): SkitaiError | undefined {
  if (!(response instanceof Response)) return noResponse(response);
  if (response.bodyUsed)
    return new SkitaiError("RESPONSE_USED", {
      name: "handler",
      accepted: "a response whose body was not read yet",
    });
  // Response.error() has status 0; a 101 would leave the client waiting.
  if (response.status >= 200) return undefined;
  return new SkitaiError("NO_RESPONSE", {
    name: "status of the handler's response",
    value: response.status,
    accepted: "200 to 599",
  });
}

const lateHandler = (pause: number): SkitaiError =>
  new SkitaiError("HANDLER_TIMEOUT", { name: "handler", accepted: `no answer within ${pause / 1000} s` });

/** An error of an app's error handler, which must not hide the one it was to handle. */
function whileHandling(second: unknown, first: unknown): unknown {
  if (second === first) return second;
  const error = second instanceof Error ? second : new Error(`onError threw ${Bun.inspect(second)}`);
  error.cause ??= first;
  return error;
}

function discard(response: unknown): void {
  if (response instanceof Response && !response.bodyUsed) response.body?.cancel().catch(() => {});
}
