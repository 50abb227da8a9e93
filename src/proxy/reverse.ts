import type { Context } from "../context.ts";
import { parseDuration } from "../config/units.ts";
import type { Cluster } from "../upstream/cluster.ts";
import type { Member } from "../upstream/member.ts";
import { ProxyError } from "./errors.ts";
import { type Arrived, type Connection, ConnectionLost, NotConnected } from "./http1/connection.ts";
import { QueueFull } from "./http1/pool.ts";
import { MalformedAnswer } from "./http1/response-head.ts";
import { type Origin, originOf } from "./origin.ts";
import { outgoing, type Outgoing, type OutgoingOptions } from "./request.ts";
import { clientResponse, type ResponseOptions } from "./response.ts";
import { sendOn } from "./send.ts";
import { unwatch, watch } from "./underway.ts";
import { isUpgrade, relaySocket, type SocketRelay } from "./websocket.ts";

export interface ReverseOptions extends OutgoingOptions, ResponseOptions {
  /** ms until the head of the answer. */
  readonly timeout: number;
}

/** ms a kept connection may have been idle to carry what cannot be sent twice: it may be closed already on the other side. */
const surelyOpen = 1000;

/** Forwards requests to the members of an alias. Spec P1, P2. */
export class ReverseProxy {
  readonly #cluster: Cluster;
  readonly #options: ReverseOptions;
  readonly #origins = new Map<Member, Origin>();
  readonly #sockets: SocketRelay;

  constructor(cluster: Cluster, options: ReverseOptions) {
    this.#cluster = cluster;
    const own = parseDuration(cluster.options.timeout);
    this.#options = own === undefined ? options : { ...options, timeout: own * 1000 };
    this.#sockets = {
      ...this.#options,
      cluster,
      originOf: (member) => this.#origins.get(member)!,
      stripped: options.stripped,
    };
    for (const member of cluster.members) this.#origins.set(member, originOf(member, cluster));
  }

  async respond(request: Request, context: Context, more?: string): Promise<Response> {
    if (isUpgrade(request.headers)) return relaySocket(request, context, this.#sockets, more);
    const options = more === undefined ? this.#options : { ...this.#options, more };
    const made = outgoing(request, context, options);
    return this.#relay(request, made instanceof Promise ? await made : made);
  }

  close(): void {
    for (const { pool } of this.#origins.values()) pool.close();
  }

  async #relay(request: Request, out: Outgoing): Promise<Response> {
    let tried: Set<Member> | undefined;
    for (;;) {
      const member = this.#cluster.claim(tried);
      if (member === undefined) throw new ProxyError("PROXY_UNREACHABLE", this.#cluster.name, undefined);
      const answer = await this.#ask(member, request, out);
      if (answer instanceof Response) return answer;
      if (!answer.again || tried?.size === this.#cluster.members.length - 1) throw answer.error;
      tried = (tried ?? new Set()).add(member);
    }
  }

  /** Asks one member, once more when it had only closed an idle connection. */
  async #ask(member: Member, request: Request, out: Outgoing): Promise<Response | Failed> {
    const origin = this.#origins.get(member)!;
    const { pool } = origin;
    try {
      for (let fresh = false; ; fresh = true) {
        const idle = out.safe ? undefined : surelyOpen;
        const connection = fresh ? await pool.open() : (pool.take(idle) ?? (await pool.claim(idle)));
        const reused = connection.used > 0;
        try {
          const arrived = await this.#exchange(connection, origin, request, out);
          member.answered();
          return clientResponse(arrived, out.method, origin, this.#options, () => member.release());
        } catch (error) {
          const stale = error instanceof ConnectionLost && error.silent && reused && out.safe;
          if (!stale || fresh) throw error;
        }
      }
    } catch (error) {
      member.release();
      return this.#failed(error, member, out);
    }
  }

  async #exchange(connection: Connection, origin: Origin, request: Request, out: Outgoing): Promise<Arrived> {
    const underway = {
      deadline: Date.now() + this.#options.timeout,
      get signal(): AbortSignal {
        return request.signal;
      },
      giveUp: (reason: "timeout" | "aborted"): void => {
        const code = reason === "timeout" ? "PROXY_TIMEOUT" : "PROXY_ABORTED";
        connection.destroy(new ProxyError(code, this.#cluster.name, origin.label));
      },
    };
    watch(underway);
    try {
      return await sendOn(connection, origin.host, out);
    } finally {
      unwatch(underway);
    }
  }

  #failed(error: unknown, member: Member, out: Outgoing): Failed {
    const { name } = this.#cluster;
    if (error instanceof ProxyError) {
      if (error.code === "PROXY_TIMEOUT") member.failed(Date.now());
      return { error, again: false };
    }
    if (error instanceof QueueFull)
      return { error: new ProxyError("PROXY_OVERLOADED", name, member.label, error), again: true };
    if (error instanceof MalformedAnswer) {
      return { error: new ProxyError("PROXY_MALFORMED", name, member.label, error), again: false };
    }
    if (error instanceof NotConnected || error instanceof ConnectionLost) {
      member.failed(Date.now());
      const unsent = error instanceof NotConnected;
      return {
        error: new ProxyError("PROXY_UNREACHABLE", name, member.label, error),
        again: unsent || out.safe,
      };
    }
    // The client's own: a body that is too large or too slow.
    return { error, again: false };
  }
}

interface Failed {
  readonly error: unknown;
  /** Another member may be asked. */
  readonly again: boolean;
}
