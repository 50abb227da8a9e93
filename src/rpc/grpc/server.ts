import type { Server as NetServer, Socket } from "node:net";
import { type ConnectionInjector, Server, ServerCredentials } from "@grpc/grpc-js";
import type { TLSOptions } from "bun";
import type { GrpcDeclaration, GrpcOptions } from "../../config/grpc-options.ts";
import { parseDuration, wholeBytes } from "../../config/units.ts";
import type { CallParts } from "./call.ts";
import { methodsOf } from "../../grpc/definitions.ts";
import { type Handler, handlerOf, typeOf } from "./handlers.ts";
import { Health, healthDefinition, healthService } from "./health.ts";
import { listen } from "./listener.ts";
import { reflectionDefinition, reflectionHandlers, reflectionServices } from "./reflection.ts";
import { bind, openServices, type Served, type Services } from "./services.ts";

export interface GrpcParts extends CallParts {
  readonly address: string;
  /** Whether reflection is answered where nothing is said of it. */
  readonly devel: boolean;
}

/** Longest time (ms) of a timer: when calls are cut is for `drain` to say. */
const never = 2 ** 31 - 1;

/** Clients need so long (ms) to learn that a connection takes no more calls. */
const announcement = 100;

/** One port with its services, in each worker. Spec T5. */
export class GrpcServer {
  readonly port: number;
  readonly #parts: GrpcParts;
  readonly #server: Server;
  readonly #health: Health;
  readonly #sockets = new Set<Socket>();
  #emptied: (() => void) | undefined;
  #listener: NetServer | undefined;
  #injector: ConnectionInjector | undefined;

  private constructor(port: number, services: Services, options: GrpcOptions, parts: GrpcParts) {
    this.port = port;
    this.#parts = parts;
    this.#health = new Health(services.names);
    this.#server = new Server(limitsOf(options));
    const reflection = options.reflection ?? parts.devel;
    for (const { method, handler } of [
      ...services.served,
      ...own(healthDefinition, healthService, this.#health.handlers),
      ...(reflection ? reflected(services) : []),
    ])
      this.#server.register(method.path, handlerOf(method, handler, parts), same, same, typeOf(method));
  }

  /**
   * Loads what the declarations name; several of one port become one server.
   * @throws SkitaiError OPTION_INVALID for a file, a service or a method that there is not
   */
  static open(declarations: readonly GrpcDeclaration[], parts: GrpcParts): Promise<GrpcServer[]> {
    const ports = Map.groupBy(declarations, ({ port }) => port);
    return Promise.all(
      [...ports].map(async ([port, together]) => {
        const options = Object.assign({}, ...together.map((each) => each.options)) as GrpcOptions;
        return new GrpcServer(port, await openServices(together), options, parts);
      }),
    );
  }

  /** @param tls certificates in `Bun.serve`'s form; without them HTTP/2 is spoken at once (prior knowledge) */
  async listen(tls: readonly TLSOptions[] | undefined): Promise<void> {
    const { address } = this.#parts;
    // What comes out of a TLS socket is plain.
    const injector = this.#server.createConnectionInjector(ServerCredentials.createInsecure());
    this.#injector = injector;
    const accept = (socket: Socket): void => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#left(socket));
      injector.injectConnection(socket);
    };
    this.#listener = await listen({ address, port: this.port, tls, accept });
  }

  /** Clients are told to connect anew for further calls (GOAWAY), and health checks that it is going. */
  announce(): void {
    this.#health.drain();
    this.#injector?.drain(never);
  }

  /**
   * Ends without cutting calls: no new connections, no new calls, then what is left after `grace` seconds is cut. Spec W5.
   * @param linger clients were told before: the listener is closed within this call, and what is left has so many seconds
   * @param hurried from then on it has `grace` seconds at most, whatever `linger` says
   */
  async drain(grace: number, linger?: number, hurried?: Promise<void>): Promise<"drained" | "cut"> {
    const started = Date.now();
    if (linger === undefined) {
      this.announce();
      await Bun.sleep(Math.min(announcement, grace * 1000));
    }
    this.#listener?.close();
    this.#server.tryShutdown(() => {});
    const finished = this.#empty().then(() => "drained" as const);
    const left = Math.max((linger ?? grace) * 1000 - (Date.now() - started), 0);
    const limits = [Bun.sleep(left)];
    if (linger !== undefined && linger > grace && hurried)
      limits.push(hurried.then(() => Bun.sleep(grace * 1000)));
    const outcome = await Promise.race([finished, Promise.race(limits).then(() => "cut" as const)]);
    if (outcome === "cut") this.#server.forceShutdown();
    return outcome;
  }

  /** Resolves when the last connection has gone: grpc-js does not wait for those that it has told to go before. */
  #empty(): Promise<void> {
    return new Promise((resolve) => {
      this.#emptied = resolve;
      if (this.#sockets.size === 0) resolve();
    });
  }

  #left(socket: Socket): void {
    this.#sockets.delete(socket);
    if (this.#sockets.size === 0) this.#emptied?.();
  }
}

/** Bytes go through as they are: handlers.ts makes messages of them. */
const same = (bytes: Buffer): Buffer => bytes;

const own = (
  definition: Services["definition"],
  service: string,
  handlers: Readonly<Record<string, Handler>>,
): Served[] => bind(service, methodsOf(definition, service)!, handlers);

function reflected({ definition }: Services): Served[] {
  const handlers = reflectionHandlers({ ...definition, ...healthDefinition, ...reflectionDefinition });
  return reflectionServices.flatMap((service) => own(reflectionDefinition, service, handlers));
}

const limitsOf = ({ maxMessageSize, maxCalls = 128, idleTimeout = "10m" }: GrpcOptions) => ({
  "grpc.max_receive_message_length": wholeBytes(maxMessageSize ?? "4mb")!,
  "grpc.max_concurrent_streams": maxCalls,
  "grpc.max_connection_idle_ms": parseDuration(idleTimeout)! * 1000,
  // A peer that vanished holds its calls no longer than this.
  "grpc.keepalive_time_ms": 60_000,
  "grpc.keepalive_timeout_ms": 20_000,
});
