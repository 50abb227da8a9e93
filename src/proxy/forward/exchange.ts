import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { AccessRecord } from "../../log/access.ts";
import { continued, firstLocalId } from "../../trace/transaction.ts";
import type { ForwardParts } from "./parts.ts";
import { Refused } from "./refused.ts";

/** Fields of a client that its log line shows. */
const logged = ["user-agent", "referer", "x-forwarded-for"] as const;
/** Where a client's ids stand. */
const carried = ["x-gtxn-id", "x-ltxn-id", "traceparent"] as const;

/** Requests and tunnels in progress in this process. */
let running = 0;

/** One request on its way, whatever becomes of it: what its log line is made of. */
export class Exchange implements AccessRecord {
  readonly started = Date.now();
  readonly request: IncomingMessage;
  readonly socket: Socket;
  readonly peer: string;
  readonly path: string;
  readonly search: string;
  readonly transaction: string | number;
  readonly ltxnid: number;
  /** Where it goes, when that is known. */
  host = "";
  /** Who said so by a password. */
  user: string | undefined;
  requestBytes = 0;
  responseBytes = 0;
  status = 0;
  handled = 0;
  sent = 0;
  /** What to give up when the client has gone, or waits too long. */
  abandon: ((why: Error) => void) | undefined;
  readonly #parts: ForwardParts;
  #ended = false;

  constructor(request: IncomingMessage, peer: string, parts: ForwardParts) {
    this.request = request;
    this.#parts = parts;
    this.socket = request.socket;
    this.peer = peer;
    const shown = withoutUser(request.url ?? "");
    const query = shown.indexOf("?");
    this.path = query < 0 ? shown : shown.slice(0, query);
    this.search = query < 0 ? "" : shown.slice(query);
    const transaction = parts.trusted(this.peer) ? continued(this.#fields(carried)) : undefined;
    this.transaction = transaction?.gtxnid ?? parts.next();
    this.ltxnid = transaction?.ltxnid ?? firstLocalId;
    running++;
  }

  get method(): string {
    return this.request.method!;
  }

  get version(): string {
    return this.request.httpVersion;
  }

  get connections(): number {
    return running;
  }

  get ended(): boolean {
    return this.#ended;
  }

  get gtxnid(): string {
    const { transaction } = this;
    return typeof transaction === "string" ? transaction : this.#parts.idPrefix + transaction;
  }

  /** The user is the proxy's: what a client says to servers of itself is not ours to keep. */
  get headers(): Headers {
    const headers = this.#fields(logged);
    if (this.user !== undefined)
      headers.set("authorization", `Basic ${Buffer.from(`${this.user}:`).toString("base64")}`);
    return headers;
  }

  /** Answers from here on have a status. */
  answered(status: number): void {
    if (this.handled === 0) this.handled = Date.now();
    this.status = status;
  }

  /** @returns what the client is told of an error; what is behind it is for the log */
  refusal(error: unknown): Refused {
    if (error instanceof Refused) {
      if (error.cause !== undefined && error.status === 503) this.#parts.log.traceback(error.cause);
      return error;
    }
    this.#parts.log.traceback(error);
    return new Refused(500, `internal error, transaction ${this.gtxnid}`);
  }

  /** Writes its log line, once. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    running--;
    this.sent = Date.now();
    if (this.handled === 0) this.handled = this.sent;
    const { access, unlogged, served } = this.#parts;
    served();
    if (!unlogged?.(this.path)) access?.(this);
  }

  #fields(names: readonly string[]): Headers {
    const headers = new Headers();
    for (const name of names) {
      const value = this.request.headers[name];
      if (typeof value === "string") headers.set(name, value);
    }
    return headers;
  }
}

/** A user and a password before a host are refused, and nothing for a log. */
const withoutUser = (url: string): string => url.replace(/^([^/?#]*\/\/)?[^/?#]*@/, "$1");
