import { Context, type HttpServer } from "../context.ts";
import { setOwnUrl } from "../http/engine-request.ts";
import type { AccessRecord } from "../log/access.ts";
import { firstLocalId } from "../trace/transaction.ts";
import type { RequestBody } from "./body-guard.ts";
import { type Entry, ownPath } from "./table.ts";

/** What a listener speaks, for the log. Bun does not tell HTTP/2 from HTTP/1.1. */
export type HttpVersion = "1.1" | "3";

/** One request on its way: what dispatch, limits and the request log need of it, read once. */
export class Exchange implements AccessRecord {
  readonly request: Request;
  readonly server: HttpServer;
  /** Milliseconds since the epoch. */
  readonly started = Date.now();
  readonly method: string;
  readonly headers: Headers;
  /** As sent; `""` when HTTP/1.0 sent none. */
  readonly host: string;
  /** Percent-encoded, as Bun normalised it; `""` when the target is no path (CONNECT). */
  readonly path: string;
  /** Query with its `?`, or `""`. */
  readonly search: string;
  /** False when `Host` is so malformed that Bun made no URL of it; `limits.ts` looks closer. */
  readonly wellFormed: boolean;
  readonly version: "1.0" | HttpVersion;
  /** Set by `enter`, which every request passes. */
  context!: Context;
  /** The peer's global transaction id, or the number of a transaction that starts here. */
  transaction: string | number;
  ltxnid: number = firstLocalId;
  entry: Entry | undefined;
  body: RequestBody | undefined;
  /** Bytes of the request body, as announced; -1 for a chunked one that was not read. */
  announced = 0;
  /** True while the connection's idle limit is off. */
  untimed = false;
  status = 0;
  responseBytes = 0;
  handled = 0;
  sent = 0;

  /**
   * @param sequence number of the transaction that starts here, unless a peer's is joined
   * @param version what the listener speaks
   */
  constructor(request: Request, server: HttpServer, sequence: number, version: HttpVersion = "1.1") {
    this.transaction = sequence;
    this.request = request;
    this.server = server;
    this.method = request.method;
    this.headers = request.headers;
    const url = request.url;
    const host = this.headers.get("host");
    // A target without scheme and host: Bun could make no URL, because Host is missing (HTTP/1.0) or malformed.
    const bare = url.charCodeAt(0) === 47;
    const start = bare ? 0 : url.indexOf("/", 8);
    const hash = url.indexOf("#", start);
    const end = hash < 0 ? url.length : hash;
    const question = url.indexOf("?", start);
    this.host = host ?? "";
    this.version = host === null ? "1.0" : version;
    this.wellFormed = !bare || host === null;
    this.path = start < 0 ? "" : url.slice(start, question >= 0 && question < end ? question : end);
    this.search = question >= 0 && question < end ? url.slice(question, end) : "";
  }

  /** Makes the context of `entry`; what the app sees of the URL starts behind the mount point. */
  enter(entry: Entry): Context {
    const { request, server, search, transaction, ltxnid } = this;
    const path = ownPath(this.path, entry.point);
    this.entry = entry;
    this.context = new Context(request, server, entry.scope, path, search, transaction, ltxnid);
    return this.context;
  }

  /** Shows the mounted app its own URL. An app on `/` gets the request as it came, unless it came without a host. */
  rebase(): void {
    const { entry, request, context } = this;
    if (entry!.point === "" && this.version !== "1.0") return;
    setOwnUrl(request, `${this.origin}${context.path}${context.search}`);
  }

  get origin(): string {
    const { url } = this.request;
    return this.version === "1.0" ? "http://localhost" : url.slice(0, url.indexOf("/", 8));
  }

  /** Takes the connection's idle limit away while the handler or the client's reading decides. */
  untime(): void {
    if (this.untimed) return;
    this.untimed = true;
    // Asked while the client is there: Bun does not know the address of one that has gone.
    void this.context.peer;
    this.server.timeout(this.request, 0);
  }

  get peer(): string {
    return this.context.peer;
  }

  /** Whether nothing of the request body is left to be sent. */
  get bodyRead(): boolean {
    return this.announced === 0 || this.body?.read === true;
  }

  get requestBytes(): number {
    return this.body === undefined ? this.announced : this.body.bytes;
  }

  get connections(): number {
    return this.server.pendingRequests + this.server.pendingWebSockets;
  }
}
