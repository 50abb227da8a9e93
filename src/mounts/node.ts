import type { IncomingMessage, RequestListener } from "node:http";
import type { Mount, MountKind } from "./mount.ts";
import { NodeBridge } from "./node-bridge.ts";

/** The parts of Fastify and Koa instances that are used. */
interface Fastify {
  ready(): PromiseLike<unknown>;
  routing: RequestListener;
}
interface Koa {
  callback(): RequestListener;
}
type NodeApp = RequestListener | Fastify | Koa;

/**
 * A Node-style `(req, res)` app: Express, Koa (instance or callback), Fastify (instance or `routing`), or a plain
 * function. It gets Bun's own `node:http` objects, so that streams, aborts and HEAD are the real ones; see node-bridge.ts.
 * Spec E10.
 */
export const node = {
  async open(target): Promise<Mount> {
    const bridge = new NodeBridge(await listenerOf(target as unknown as NodeApp));
    await bridge.listen();
    return {
      label: "node app",
      final: false,
      respond: (request, context) => bridge.forward(request, context),
      close: () => bridge.close(),
    };
  },
} satisfies MountKind;

async function listenerOf(app: NodeApp): Promise<RequestListener> {
  if ("routing" in app) {
    await app.ready();
    return (request: IncomingMessage, response) => app.routing(request, response);
  }
  return "callback" in app ? app.callback() : app;
}
