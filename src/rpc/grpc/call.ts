import type { ServerSurfaceCall } from "@grpc/grpc-js/build/src/server-call";
import type { GrpcCall, GrpcMetadata, GrpcMetadataInit } from "../../config/grpc-options.ts";
import { Context, type HttpServer, type Scope } from "../../context.ts";
import { plainAddress } from "../../http/network.ts";
import type { AccessLog, AccessRecord } from "../../log/access.ts";
import type { ApplicationLog } from "../../log/application.ts";
import { continued, firstLocalId } from "../../trace/transaction.ts";
import { type GrpcCode, GrpcError, httpStatus } from "../../grpc/error.ts";
import { headersOf, ReceivedMetadata, sentMetadata } from "../../grpc/metadata.ts";

/** What all calls of a process share; made at start. */
export interface CallParts {
  readonly scope: Scope;
  /** Numbers the transactions that start here. */
  readonly next: () => number;
  readonly log: ApplicationLog;
  /** `undefined` when no request is logged. */
  readonly access: AccessLog | undefined;
  readonly unlogged: ((path: string) => boolean) | undefined;
  /** Called once for each call that has ended. */
  readonly served: () => void;
}

/** Calls in progress in this process. */
let running = 0;

/** One call on its way: what its handler, its context and its log line are made of. */
export class ServerCall implements GrpcCall, AccessRecord {
  readonly method = "POST";
  readonly version = "2.0";
  readonly search = "";
  readonly started = Date.now();
  readonly path: string;
  readonly host: string;
  readonly peer: string;
  readonly headers: Headers;
  readonly context: Context;
  readonly transaction: string | number;
  readonly ltxnid: number;
  requestBytes = 0;
  responseBytes = 0;
  status = 0;
  /** When the handler had answered; 0 before. */
  handled = 0;
  sent = 0;
  trailers: GrpcMetadataInit = {};
  readonly #surface: ServerSurfaceCall;
  readonly #parts: CallParts;
  readonly #controller = new AbortController();
  #ended = false;

  constructor(surface: ServerSurfaceCall, parts: CallParts) {
    this.#surface = surface;
    this.#parts = parts;
    this.path = surface.getPath();
    this.host = surface.getHost() ?? "";
    this.peer = addressOf(surface.getPeer());
    this.headers = headersOf(surface.metadata);
    const transaction = parts.scope.trusted(this.peer) ? continued(this.headers) : undefined;
    this.transaction = transaction?.gtxnid ?? parts.next();
    this.ltxnid = transaction?.ltxnid ?? firstLocalId;
    this.context = this.#makeContext();
    running++;
    surface.on("cancelled", () => this.#cancel());
  }

  get metadata(): GrpcMetadata {
    return new ReceivedMetadata(this.#surface.metadata);
  }

  get deadline(): Date | undefined {
    const deadline = this.#surface.getDeadline();
    return deadline === Infinity ? undefined : new Date(deadline);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get connections(): number {
    return running;
  }

  /** Whether its status is decided. */
  get ended(): boolean {
    return this.#ended;
  }

  sendMetadata(metadata: GrpcMetadataInit): void {
    if (!this.#ended) this.#surface.sendMetadata(sentMetadata(metadata));
  }

  setTrailers(metadata: GrpcMetadataInit): void {
    // A name that cannot be sent is told to who gives it.
    sentMetadata(metadata);
    this.trailers = metadata;
  }

  /** Writes its log line. @returns false when it had ended before: nobody waits for an answer */
  end(code: GrpcCode): boolean {
    if (this.#ended) return false;
    this.#ended = true;
    const { access, unlogged, served } = this.#parts;
    served();
    this.status = httpStatus(code);
    this.sent = Date.now();
    if (this.handled === 0) this.handled = this.sent;
    if (!unlogged?.(this.path)) access?.(this);
    running--;
    return true;
  }

  /** grpc-js says so after every end, and has told the client already when it was the deadline. */
  #cancel(): void {
    if (this.#ended) return;
    const late = (this.deadline?.getTime() ?? Infinity) <= Date.now();
    const code = late ? "DEADLINE_EXCEEDED" : "CANCELLED";
    this.end(code);
    this.#controller.abort(new GrpcError(code, late ? "deadline exceeded" : "cancelled by the client"));
  }

  /** A call is a POST of its path (gRPC over HTTP/2), which is all that a context needs of a request. */
  #makeContext(): Context {
    const { path, host, headers, signal, peer, transaction, ltxnid } = this;
    const origin = hostPattern.test(host) ? `http://${host}` : "http://localhost";
    const request = new Request(origin + path, { method: "POST", headers, signal });
    return new Context(request, serverOf(peer), this.#parts.scope, path, "", transaction, ltxnid);
  }
}

const hostPattern = /^(?:[\w.-]+|\[[\da-f:.]+\])(?::\d{1,5})?$/i;

/** `127.0.0.1` of `127.0.0.1:4711`; a server sees no peer of a connection that has gone. */
const addressOf = (peer: string): string => {
  const colon = peer.lastIndexOf(":");
  return colon < 0 ? "-" : plainAddress(peer.slice(0, colon));
};

/** What a context asks its listener for; a call has no idle limit, and becomes no websocket. */
const serverOf = (address: string): HttpServer => ({
  requestIP: () => ({ address, port: 0, family: address.includes(":") ? "IPv6" : "IPv4" }),
  timeout: () => {},
  upgrade: () => false,
  pendingWebSockets: 0,
  get pendingRequests() {
    return running;
  },
});
