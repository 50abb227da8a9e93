import { runWith } from "../context.ts";
import { SkitaiError } from "../errors.ts";
import { bodyLength, givenBody } from "../http/response-body.ts";
import type { AccessLog } from "../log/access.ts";
import type { ApplicationLog } from "../log/application.ts";
import { countedStream, type StreamEnd } from "./counted-stream.ts";
import type { Deadlines } from "./deadlines.ts";
import type { Exchange } from "./exchange.ts";
import { isClientError, problemOf, problemResponse } from "./problem.ts";

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
}

/**
 * The way out of one request: whatever a handler gives becomes one answer and one log line. The only place where an
 * error becomes an answer; nothing a handler does gets past it.
 */
export class Reply {
  /** Set at a stop: answers then close their connections, so that no request is sent into a closed one. */
  closing = false;
  readonly #parts: ReplyParts;

  constructor(parts: ReplyParts) {
    this.#parts = parts;
  }

  answered(exchange: Exchange, answer: Response | Promise<Response>): Response | Promise<Response> {
    if (!(answer instanceof Promise)) return this.#complete(exchange, answer);
    const status = Bun.peek.status(answer);
    // An async handler that awaited nothing is as good as a synchronous one.
    if (status === "fulfilled") return this.#complete(exchange, Bun.peek(answer) as Response);
    return this.#wait(exchange, answer);
  }

  failed(exchange: Exchange, error: unknown): Response | Promise<Response> {
    const { context, entry } = exchange;
    let own: ReturnType<NonNullable<typeof entry>["onError"] & object>;
    try {
      own = entry?.onError && runWith(context, entry.onError, error, exchange.request, context);
    } catch (second) {
      return this.#problem(exchange, second);
    }
    if (own === undefined) return this.#problem(exchange, error);
    this.#trace(exchange, error);
    if (own instanceof Response) return this.#complete(exchange, own);
    return own.then(
      (response) =>
        response instanceof Response ? this.#complete(exchange, response) : this.#problem(exchange, error),
      (second: unknown) => this.#problem(exchange, second),
    );
  }

  /** Waits for a handler, but not for ever; the connection's own idle limit would cut it without an answer. */
  #wait(exchange: Exchange, answer: Promise<Response>): Promise<Response> {
    const { deadlines, pause } = this.#parts;
    exchange.untime();
    return new Promise((resolve) => {
      let expired = false;
      const expire = (): void => {
        expired = true;
        resolve(
          this.failed(
            exchange,
            new SkitaiError("HANDLER_TIMEOUT", {
              name: "handler",
              value: exchange.path,
              accepted: `an answer within ${pause / 1000} s`,
            }),
          ),
        );
      };
      const deadline = { at: exchange.started + pause, expire };
      deadlines.add(deadline);
      answer.then(
        (response) => {
          deadlines.delete(deadline);
          if (expired) discard(response);
          else resolve(this.#complete(exchange, response));
        },
        (error: unknown) => {
          deadlines.delete(deadline);
          if (!expired) resolve(this.failed(exchange, error));
        },
      );
    });
  }

  #complete(exchange: Exchange, response: Response): Response | Promise<Response> {
    const wrong = unusable(response);
    if (wrong) return this.#problem(exchange, wrong);
    if (exchange.entry?.mount.final) return this.#send(exchange, response);
    try {
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

  #problem(exchange: Exchange, error: unknown): Response {
    const { context, headers } = exchange;
    this.#trace(exchange, error);
    const problem = problemOf(error, context.gtxnid, context.scope.debug);
    // What is left of a refused body must not be taken for the next request.
    const close = exchange.announced === 0 ? {} : { connection: "close" };
    return this.#send(exchange, problemResponse(problem, headers.get("accept"), close));
  }

  #trace(exchange: Exchange, error: unknown): void {
    if (!isClientError(error)) runWith(exchange.context, () => this.#parts.log.traceback(error));
  }

  #send(exchange: Exchange, response: Response): Response {
    const handled = Date.now();
    if (this.closing) response.headers.set("connection", "close");
    const length = exchange.method === "HEAD" ? 0 : bodyLength(givenBody(response));
    if (length < 0 && response.body !== null) return this.#stream(exchange, response, handled);
    this.#retime(exchange);
    this.#log(exchange, response.status, Math.max(length, 0), handled, handled);
    return response;
  }

  #stream(exchange: Exchange, response: Response, handled: number): Response {
    const { deadlines, pause } = this.#parts;
    const ended = ({ bytes, error }: StreamEnd): void => {
      this.#retime(exchange);
      if (error !== undefined) this.#trace(exchange, error);
      this.#log(exchange, response.status, bytes, handled, Date.now());
    };
    exchange.untime();
    const body = countedStream(response.body!, pause, deadlines, ended);
    return new Response(body, {
      status: response.status,
      statusText: response.statusText,
      headers: response.headers,
    });
  }

  /** Gives the connection its idle limit back. */
  #retime(exchange: Exchange): void {
    if (exchange.untimed) exchange.server.timeout(exchange.request, this.#parts.keepAlive);
  }

  #log(exchange: Exchange, status: number, responseBytes: number, handled: number, sent: number): void {
    const { access, unlogged } = this.#parts;
    if (access === undefined || unlogged?.(exchange.path)) return;
    access(exchange.record(status, responseBytes, handled, sent), sent);
  }
}

export const noResponse = (value?: unknown): SkitaiError =>
  new SkitaiError("NO_RESPONSE", {
    name: "handler",
    value,
    accepted: value === undefined ? "returned nothing, a Response is needed" : "a Response",
  });

/** Why a handler's value cannot be sent. */
function unusable(response: unknown): SkitaiError | undefined {
  if (!(response instanceof Response)) return noResponse(response);
  if (response.bodyUsed)
    return new SkitaiError("RESPONSE_USED", {
      name: "handler",
      accepted: "a response whose body was not read yet",
    });
  return undefined;
}

function discard(response: unknown): void {
  if (response instanceof Response && !response.bodyUsed) response.body?.cancel().catch(() => {});
}
