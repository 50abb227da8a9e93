import { parseDuration } from "../config/units.ts";
import type { Context } from "../context.ts";
import type { RelayedAnswer } from "../http/relay.ts";
import type { Cluster } from "../upstream/cluster.ts";
import { HealthChecks } from "../upstream/health.ts";
import type { Member } from "../upstream/member.ts";
import { Sticky } from "../upstream/sticky.ts";
import { ProxyError } from "./errors.ts";
import { Forwarding, type Given, type Way } from "./forwarding.ts";
import { forwardOnHttp2 } from "./http2.ts";
import { type Origin, originOf } from "./origin.ts";
import { outgoing, type OutgoingOptions } from "./request.ts";
import { AnswerHeads, relayedOf } from "./response.ts";
import type { PathMap } from "./rewrite.ts";
import { isUpgrade, relaySocket } from "./websocket.ts";

export interface ReverseOptions extends OutgoingOptions, PathMap {
  /** ms until the head of the answer. */
  readonly timeout: number;
  /** Seconds an idle connection to a member is kept, default 10. Spec P4. */
  readonly keepAlive?: number | undefined;
  /** Is told when health checks find that a member went or came back. */
  readonly log?: ((text: string) => void) | undefined;
}

/** How often a request may have been at a proxy like this before it is taken to go in circles. */
const mostRounds = 10;

/** Forwards requests to the members of an alias. Spec P1, P2. */
export class ReverseProxy implements Way {
  readonly name: string;
  readonly members: number;
  readonly timeout: number;
  readonly cluster: Cluster;
  readonly options: ReverseOptions;
  readonly #origins = new Map<Member, Origin>();
  readonly #preserveHost: boolean;
  readonly #heads: AnswerHeads;
  readonly #sticky: Sticky | undefined;
  readonly #health: HealthChecks | undefined;
  readonly #relayed: Way<RelayedAnswer>;

  constructor(cluster: Cluster, options: ReverseOptions) {
    const { sticky, health, timeout, preserveHost } = cluster.options;
    this.name = cluster.name;
    this.members = cluster.members.length;
    this.cluster = cluster;
    this.timeout = (parseDuration(timeout) ?? options.timeout / 1000) * 1000;
    this.options = options;
    this.#preserveHost = preserveHost === true;
    this.#relayed = {
      name: this.name,
      members: this.members,
      timeout: this.timeout,
      options,
      claim: (context, tried) => this.claim(context, tried),
      originOf: (member) => this.originOf(member),
      hostOf: (origin, request) => this.hostOf(origin, request),
      stickTo: (member, context) => this.stickTo(member, context),
      answer: (given) => this.#relay(given),
    };
    this.#heads = new AnswerHeads(options);
    this.#sticky = sticky === undefined ? undefined : new Sticky(cluster);
    for (const member of cluster.members)
      this.#origins.set(member, originOf(member, cluster, options.keepAlive));
    if (health !== undefined)
      this.#health = new HealthChecks(
        cluster,
        (member) => this.originOf(member).check,
        (text) => options.log?.(text),
      );
  }

  /** @param more fields, each with its line end: the identity that a gateway found out */
  respond(request: Request, context: Context, more?: string): Promise<Response> {
    if (isLoop(request.headers.get("via")))
      return Promise.reject(new ProxyError("PROXY_LOOP", this.name, undefined));
    if (isUpgrade(request.headers)) return relaySocket(request, context, this, more);
    if (this.cluster.options.protocol === "http2") return forwardOnHttp2(this, request, context, more);
    const out = outgoing(request, context, this.options, more);
    if (!(out instanceof Promise)) return new Forwarding(this, request, context, out).run();
    return out.then((read) => new Forwarding(this, request, context, read).run());
  }

  /** The same for a cache, which keeps what it may of the answer. */
  async forward(request: Request, context: Context, more?: string): Promise<RelayedAnswer> {
    if (isLoop(request.headers.get("via"))) throw new ProxyError("PROXY_LOOP", this.name, undefined);
    if (this.cluster.options.protocol === "http2")
      return relayedOf(await forwardOnHttp2(this, request, context, more));
    const out = await outgoing(request, context, this.options, more);
    return new Forwarding(this.#relayed, request, context, out).run();
  }

  claim(context: Context, tried: ReadonlySet<Member> | undefined): Member | undefined {
    return this.cluster.claim(tried, this.#sticky === undefined ? undefined : this.#preferred(context));
  }

  originOf(member: Member): Origin {
    return this.#origins.get(member)!;
  }

  hostOf({ host }: Origin, request: Request): string {
    return this.#preserveHost ? (request.headers.get("host") ?? host) : host;
  }

  answer({ head, body, method, context, member, origin }: Given): Response {
    return this.#heads.response(body, head, method, origin.origins, this.stickTo(member, context));
  }

  #relay({ head, body, method, context, member, origin }: Given): RelayedAnswer {
    const fields = this.#heads.lines(head, method, origin.origins);
    const { status, reason, framing } = head;
    const known = framing.kind === "length" ? framing.length : undefined;
    const length = body instanceof Uint8Array ? body.byteLength : known;
    return { status, reason, fields, body, length, cookie: this.stickTo(member, context) };
  }

  stickTo(member: Member, context: Context): string | undefined {
    const sticky = this.#sticky;
    if (sticky?.kind !== "cookie" || this.#preferred(context) === member) return undefined;
    return sticky.setCookie(member, this.options.point, this.options.secure);
  }

  close(): void {
    this.#health?.close();
    for (const { pool } of this.#origins.values()) pool.close();
  }

  #preferred(context: Context): Member | undefined {
    const sticky = this.#sticky!;
    if (sticky.kind === "client") return sticky.byClient(context.ip);
    return sticky.byCookie(context.request.headers.get("cookie"));
  }
}

/** Several of these proxies in a row are no circle (RFC 9110 §7.6.3). */
const isLoop = (via: string | null): boolean => via !== null && via.split(/\bskitai\b/).length > mostRounds;
