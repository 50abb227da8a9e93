import type { Context } from "../context.ts";
import type { Member } from "../upstream/member.ts";
import { ProxyError } from "./errors.ts";
import type { ResponseBody } from "./http1/body.ts";
import { type Asker, type Connection, ConnectionLost, NotConnected } from "./http1/connection.ts";
import { QueueFull, type Taker } from "./http1/pool.ts";
import { MalformedAnswer, type ResponseHead } from "./http1/response-head.ts";
import type { Origin } from "./origin.ts";
import type { Outgoing, OutgoingOptions } from "./request.ts";
import { sendOn } from "./send.ts";
import { type Underway, unwatch, watch } from "./underway.ts";

/** ms a kept connection may have been idle to carry what cannot be sent twice: it may be closed already on the other side. */
const surelyOpen = 1000;
/** Bodies of known length up to this size are waited for: Bun sends what is whole with its length, and streams in chunks. */
const whole = 256 * 1024;
/** ms that such a body is waited for: what comes slowly is passed on as it comes. */
const patience = 500;

/** What all requests of one mount share. */
/** @typeParam Answer what it makes of an answer of a member */
export interface Way<Answer = Response> {
  readonly name: string;
  readonly members: number;
  /** ms until the head of the answer. */
  readonly timeout: number;
  claim(context: Context, tried: ReadonlySet<Member> | undefined): Member | undefined;
  originOf(member: Member): Origin;
  hostOf(origin: Origin, request: Request): string;
  answer(given: Given): Answer;
  /** The cookie by which a client comes back, when it has to be set. */
  stickTo(member: Member, context: Context): string | undefined;
  readonly options: OutgoingOptions;
}

/** An answer to be handed on. */
export interface Given {
  readonly head: ResponseHead;
  readonly body: Uint8Array | ReadableStream<Uint8Array> | null;
  readonly method: string;
  readonly context: Context;
  readonly member: Member;
  readonly origin: Origin;
}

/**
 * One request on its way through members and connections to an answer. It is the one who asks pool and connection, and what
 * the watch looks at: nothing else is made for a request. A claimed member is released once, whatever happens.
 */
export class Forwarding<Answer> implements Asker, Taker, Underway {
  deadline: number;
  place = -1;
  readonly #way: Way<Answer>;
  readonly #request: Request;
  readonly #context: Context;
  readonly #out: Outgoing;
  readonly #started = Date.now();
  #resolve!: (answer: Answer) => void;
  #reject!: (error: unknown) => void;
  #tried: Set<Member> | undefined;
  #member: Member | undefined;
  #connection: Connection | undefined;
  #reused = false;
  /** It was asked again on a new connection, since a kept one was closed. */
  #fresh = false;
  #over = false;
  #head: ResponseHead | undefined;
  #body: ResponseBody | undefined;

  constructor(way: Way<Answer>, request: Request, context: Context, out: Outgoing) {
    this.#way = way;
    this.#request = request;
    this.#context = context;
    this.#out = out;
    this.deadline = this.#started + way.timeout;
  }

  get signal(): AbortSignal {
    return this.#request.signal;
  }

  run(): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      watch(this);
      this.#next(undefined);
    });
  }

  taken(connection: Connection): void {
    const origin = this.#way.originOf(this.#member!);
    if (this.#over) return origin.pool.give(connection);
    this.#connection = connection;
    this.#reused = connection.used > 0;
    sendOn(connection, this, this.#way.hostOf(origin, this.#request), this.#out);
  }

  refused(error: Error): void {
    if (!this.#over) this.#failed(error);
  }

  arrived(head: ResponseHead, body: ResponseBody): void {
    const { status, framing } = head;
    this.#head = head;
    this.#body = body;
    if (status < 200 || status > 599) {
      body.fail(new MalformedAnswer(`a status of ${status}`));
      this.#connection!.destroy();
      return this.#failed(body.failure!);
    }
    this.#member!.answered();
    if (framing.kind !== "length" || framing.length > whole || body.complete) return this.#answer();
    this.deadline = Date.now() + patience;
    body.completed(() => (body.failure === undefined ? this.#answer() : this.#failed(body.failure)));
  }

  lost(error: Error): void {
    if (this.#over) return;
    const stale = this.#reused && !this.#fresh && this.#out.safe && isSilent(error);
    if (!stale) return this.#failed(error);
    this.#fresh = true;
    const { pool } = this.#way.originOf(this.#member!);
    pool.open().then(
      (connection) => this.taken(connection),
      (failure: Error) => this.refused(failure),
    );
  }

  giveUp(reason: "timeout" | "aborted"): void {
    // The head is here: what is slow is the body.
    if (reason === "timeout" && this.#head !== undefined) {
      this.#body!.hurry();
      return this.#answer();
    }
    const code = reason === "timeout" ? "PROXY_TIMEOUT" : "PROXY_ABORTED";
    const error = new ProxyError(code, this.#way.name, this.#member?.label);
    const member = this.#member!;
    // Others may just be slow: it is set aside only when it has been silent since.
    if (reason === "timeout" && member.answeredAt < this.#started && this.#connection !== undefined)
      member.failed(Date.now());
    this.#way.originOf(member).pool.unwant(this);
    this.#end(error);
    this.#connection?.destroy(error);
  }

  /** @param failure of the member before, thrown when there is no other */
  #next(failure: unknown): void {
    const member = this.#way.claim(this.#context, this.#tried);
    if (member === undefined)
      return this.#end(failure ?? new ProxyError("PROXY_UNREACHABLE", this.#way.name, undefined));
    this.#member = member;
    this.#connection = undefined;
    this.#fresh = false;
    this.#way.originOf(member).pool.want(this, this.#out.safe ? undefined : surelyOpen);
  }

  #answer(): void {
    const head = this.#head!;
    const body = this.#body!;
    const member = this.#member!;
    const bodyless = head.framing.kind === "none";
    const { method } = this.#out;
    const origin = this.#way.originOf(member);
    try {
      const content = bodyless ? null : body.complete ? body.whole() : body.stream();
      const response = this.#way.answer({
        head,
        body: content,
        method,
        context: this.#context,
        member,
        origin,
      });
      this.#over = true;
      unwatch(this);
      this.#member = undefined;
      if (bodyless || body.complete) member.release();
      else body.ended(() => member.release());
      this.#resolve(response);
    } catch (error) {
      this.#connection!.destroy();
      this.#end(error);
    }
  }

  #failed(error: Error): void {
    const { again, failure } = this.#judged(error);
    const member = this.#member!;
    if (!again || this.#tried?.size === this.#way.members - 1) return this.#end(failure);
    member.release();
    this.#member = undefined;
    this.#tried = (this.#tried ?? new Set()).add(member);
    this.#next(failure);
  }

  /** What it is for the client, and whether another member may be asked. */
  #judged(error: Error): { failure: unknown; again: boolean } {
    const { name } = this.#way;
    const member = this.#member!;
    const as = (code: ConstructorParameters<typeof ProxyError>[0]): ProxyError =>
      new ProxyError(code, name, member.label, error);
    if (error instanceof QueueFull) return { failure: as("PROXY_OVERLOADED"), again: true };
    if (error instanceof MalformedAnswer) return { failure: as("PROXY_MALFORMED"), again: false };
    if (error instanceof NotConnected || error instanceof ConnectionLost) {
      member.failed(Date.now());
      const again = error instanceof NotConnected || (this.#out.safe && this.#head === undefined);
      return { failure: as("PROXY_UNREACHABLE"), again };
    }
    // The client's own: it went while it sent, or its body is too large or too slow.
    return { failure: this.#request.signal.aborted ? as("PROXY_ABORTED") : error, again: false };
  }

  #end(error: unknown): void {
    if (this.#over) return;
    this.#over = true;
    unwatch(this);
    this.#member?.release();
    this.#reject(error);
  }
}

/** A kept connection that was closed before anything came: perhaps it was closed already. */
const isSilent = (error: Error): boolean => error instanceof ConnectionLost && error.silent;
