import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Context, runWith } from "../context.ts";
import type { Mount, MountKind } from "./mount.ts";

/** Names the context of a bridged request; removed before the app sees it. */
const ticketHeader = "x-skitai-ticket";

type Listener = (request: IncomingMessage, response: ServerResponse) => unknown;
interface Fastify {
  ready?(): PromiseLike<unknown>;
  routing: Listener;
}

/**
 * A Node-style `(req, res)` app: Express, Koa's callback, Fastify. It gets Bun's own `node:http` objects, from a server on
 * a private Unix socket in this process, so that streams, aborts, upgrades of headers and trailers are the real ones;
 * that costs some 100 µs a request. (`srvx/node` loses 404 bodies and streams on Bun; `light-my-request` loses HEAD
 * lengths and aborts.) Spec E10.
 */
export const node = {
  async open(target): Promise<Mount> {
    const bridge = new Bridge(await listenerOf(target as unknown as Fastify | Listener));
    await bridge.listen();
    return {
      label: "node app",
      final: false,
      respond: (request, context) => bridge.forward(request, context),
      close: () => bridge.close(),
    };
  },
} satisfies MountKind;

async function listenerOf(app: Fastify | Listener): Promise<Listener> {
  if (!("routing" in app)) return app;
  await app.ready?.();
  return (request, response) => app.routing(request, response);
}

class Bridge {
  readonly #directory = mkdtempSync(join(tmpdir(), "skitai-"));
  readonly #socket = join(this.#directory, "app.sock");
  readonly #waiting = new Map<string, Context>();
  readonly #server;
  #sequence = 0;

  constructor(listener: Listener) {
    const enter: RequestListener = (request, response) => {
      const context = this.#claim(request);
      return context === undefined ? response.destroy() : runWith(context, listener, request, response);
    };
    this.#server = createServer({ requestTimeout: 0, keepAliveTimeout: 60_000 }, enter);
  }

  listen(): Promise<void> {
    return new Promise((resolve, reject) => this.#server.once("error", reject).listen(this.#socket, resolve));
  }

  async forward(request: Request, context: Context): Promise<Response> {
    const ticket = `${++this.#sequence}`;
    const headers = new Headers(request.headers);
    headers.set(ticketHeader, ticket);
    this.#waiting.set(ticket, context);
    try {
      const { method, body, signal } = request;
      // Bun sends its own headers where the client sent none; empty ones stay away.
      return await fetch(request.url, {
        unix: this.#socket,
        method,
        headers,
        body,
        signal,
        redirect: "manual",
        decompress: false,
      });
    } finally {
      this.#waiting.delete(ticket);
    }
  }

  /** The context of a request, whose client is then shown as the socket's other end. */
  #claim(request: IncomingMessage): Context | undefined {
    const ticket = String(request.headers[ticketHeader]);
    const context = this.#waiting.get(ticket);
    delete request.headers[ticketHeader];
    if (context === undefined) return undefined;
    const socket = Object.create(request.socket, { remoteAddress: { value: context.peer } });
    Object.defineProperty(request, "socket", { value: socket, configurable: true });
    Object.defineProperty(request, "connection", { value: socket, configurable: true });
    return context;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
