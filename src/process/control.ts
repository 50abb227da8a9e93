import type { Server } from "bun";
import { SkitaiError } from "../errors.ts";
import { processLogs } from "../log/logs.ts";
import { claimPort } from "./port.ts";
import { socketOf } from "./service-files.ts";
import { unwritable } from "./run-directory.ts";
import { expositionType } from "../metrics/exposition.ts";
import type { Overview } from "../status/overview.ts";
import type { ServiceStatus } from "./status.ts";

/** What can be asked of a service. */
export interface Controlled {
  /** It serves, and no stop has begun. */
  readonly ready: boolean;
  readonly stopping: boolean;
  /** Seconds that a stop may take. */
  readonly patience: number;
  status(): Promise<ServiceStatus>;
  overview(): Promise<Overview>;
  /** Text for Prometheus. */
  metrics(): Promise<string>;
  stop(): void;
  /** @throws SkitaiError LAUNCH_FAILED when the new version does not start; the old one serves on */
  reload(): Promise<void>;
}

type Route = (service: Controlled, request: Request) => Response | Promise<Response>;

const readRoutes: Readonly<Record<string, Route>> = {
  "/": async (service, request) =>
    (await import("../status/respond.ts")).statusResponse(request, () => service.overview()),
  "/metrics": async (service) =>
    new Response(await service.metrics(), { headers: { "content-type": expositionType } }),
  "/livez": () => new Response("alive\n"),
  "/readyz": ({ ready }) => new Response(ready ? "ready\n" : "not ready\n", { status: ready ? 200 : 503 }),
  "/status": async (service) => Response.json(await service.status()),
};

const writeRoutes: Readonly<Record<string, Route>> = {
  "/stop": (service) => {
    // Asking twice is no force: that is for signals.
    if (!service.stopping) service.stop();
    return Response.json({ patience: service.patience });
  },
  "/reload": (service) =>
    service.reload().then(
      () => Response.json({}),
      (error: Error) => Response.json({ error: error.message }, { status: 500 }),
    ),
};

/** Its answers are never kept, its errors never a page of source. */
const common = {
  development: false,
  error(error: Error): Response {
    processLogs().server.traceback(error);
    return new Response("Internal Server Error\n", { status: 500 });
  },
} as const;

/**
 * HTTP on a Unix socket that only this user (and root) may open: what the commands talk to. Spec W6, U2.
 * @throws SkitaiError OPTION_INVALID when the socket cannot be made, as when its path is longer than 107 bytes
 */
export function openControl(directory: string, service: Controlled): Server<undefined> {
  // From the first moment on nobody else may open it.
  const before = process.umask(0o177);
  try {
    return Bun.serve({
      ...common,
      unix: socketOf(directory),
      fetch: (request, server) => {
        // A reload takes as long as it takes.
        server.timeout(request, 0);
        return answer(request, { GET: readRoutes, POST: writeRoutes }, service);
      },
    });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw unwritable(directory, code ?? message);
  } finally {
    process.umask(before);
  }
}

/**
 * The same for who asks only, on TCP: load balancers and monitors.
 * @param address `127.0.0.1:9000`, `[::1]:9000`
 * @throws SkitaiError OPTION_INVALID when nothing can listen there
 */
export function openAdmin(address: string, service: Controlled): Server<undefined> {
  const colon = address.lastIndexOf(":");
  const hostname = address.slice(0, colon).replace(/^\[|\]$/g, "");
  const port = Number(address.slice(colon + 1));
  try {
    // Bun.serve joins a port that another Bun.serve of this user has, reusePort or not.
    claimPort(hostname, port);
    return Bun.serve({
      ...common,
      hostname,
      port,
      fetch: (request, server) => {
        server.timeout(request, 0);
        return answer(request, { GET: readRoutes }, service);
      },
    });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new SkitaiError("OPTION_INVALID", {
      name: "admin",
      value: address,
      accepted: `an address and a port that are free (${code ?? message})`,
    });
  }
}

function answer(
  request: Request,
  routes: Readonly<Record<string, Readonly<Record<string, Route>>>>,
  service: Controlled,
): Response | Promise<Response> {
  const { method, url } = request;
  const path = url.slice(url.indexOf("/", url.indexOf("//") + 2)).replace(/\?.*/, "");
  const route = routes[method === "HEAD" ? "GET" : method];
  return (
    (route && Object.hasOwn(route, path) && route[path]?.(service, request)) ||
    new Response("Not Found\n", { status: 404 })
  );
}
