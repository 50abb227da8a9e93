import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import { type Context, runWith } from "../context.ts";
import { processLogs } from "../log/logs.ts";
import { privateAddress } from "./private-address.ts";
import { showOriginal } from "./node-request.ts";

/** Names the visit of a bridged request. The app sees the client's headers only, never this one. */
const ticketHeader = "x-skitai-ticket";

/** An answer of announced length up to this (bytes) is sent whole: Bun.serve sends streams without Content-Length. */
const wholeAnswer = 1024 * 1024;

/** What `node:http` says about its own connection (RFC 9110 §7.6.1); the client's one is Bun.serve's. */
const connectionFields = ["connection", "keep-alive", "transfer-encoding"];

/** What logs say of a client that went away, by nginx's example. */
const clientGone = 499;

/** One request on its way through the bridge. */
interface Visit {
  readonly context: Context;
  /** Answers with an error of the app's listener. */
  readonly fail: (error: unknown) => void;
}

/**
 * Brings requests to a `node:http` server on a private Unix socket in this process, so that a Node-style app has the real
 * streams, aborts and lengths; that costs some 100 µs a request. (`srvx/node` loses 404 bodies and streams on Bun;
 * `light-my-request` loses HEAD lengths and aborts.) Only method and body take that way: headers and URL are put onto the
 * message from the client's request, so nothing that `fetch` adds or rewrites is seen. Trailers and 1xx do not come back.
 */
export class NodeBridge {
  readonly #address = privateAddress();
  readonly #secret = crypto.randomUUID();
  readonly #visits = new Map<string, Visit>();
  readonly #server;
  #sequence = 0;

  constructor(listener: RequestListener) {
    // No limits of its own: those of the engine hold. Connections are `fetch`'s to close, who would not send a POST again.
    const limits = { requestTimeout: 0, headersTimeout: 0, keepAliveTimeout: 0 };
    this.#server = createServer(limits, (request, response) => this.#receive(listener, request, response));
  }

  listen(): Promise<void> {
    return new Promise((resolve, reject) =>
      this.#server.once("error", reject).listen(this.#address.path, resolve),
    );
  }

  forward({ method, body, signal }: Request, context: Context): Promise<Response> {
    // Nobody else can reach an app: the secret never leaves the process, and a ticket is good for one request.
    const ticket = `${this.#secret}-${++this.#sequence}`;
    return new Promise((resolve, reject) => {
      this.#visits.set(ticket, { context, fail: reject });
      fetch("http://localhost/", {
        unix: this.#address.path,
        method,
        headers: { [ticketHeader]: ticket },
        body,
        signal,
        redirect: "manual",
        decompress: false,
        timeout: false,
      })
        .then(answerOf)
        .then(resolve, (error: unknown) => {
          this.#visits.delete(ticket);
          // Nobody gets this answer; it is for the log.
          if (signal.aborted) resolve(new Response(null, { status: clientGone }));
          else reject(error);
        });
    });
  }

  #receive(listener: RequestListener, request: IncomingMessage, response: ServerResponse): void {
    const ticket = String(request.headers[ticketHeader]);
    const visit = this.#visits.get(ticket);
    if (visit === undefined) return void response.destroy();
    this.#visits.delete(ticket);
    showOriginal(request, visit.context);
    const failed = (error: unknown): void => {
      if (response.headersSent) processLogs().server.traceback(error);
      else visit.fail(error);
      response.destroy();
    };
    try {
      const outcome: unknown = runWith(visit.context, listener, request, response);
      if (outcome instanceof Promise)
        outcome.catch((error: unknown) => runWith(visit.context, failed, error));
    } catch (error) {
      runWith(visit.context, failed, error);
    }
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
    this.#address.release();
  }
}

async function answerOf(response: Response): Promise<Response> {
  const { status, statusText, headers } = response;
  for (const name of connectionFields) headers.delete(name);
  const length = Number(headers.get("content-length") ?? Number.NaN);
  // Without a Content-Type it stays a stream: to bytes Bun.serve adds `application/octet-stream`, a download in browsers.
  if (response.body === null || !(length <= wholeAnswer) || !headers.has("content-type")) return response;
  return new Response(await response.bytes(), { status, statusText, headers });
}
