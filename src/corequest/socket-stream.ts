import type { Context } from "../context.ts";
import { SkitaiError } from "../errors.ts";
import { Queue } from "../system/queue.ts";
import { CorequestError } from "./errors.ts";
import type { Task } from "./task.ts";

export interface StreamParts {
  readonly alias: string;
  readonly label: string;
  readonly json: boolean;
  /** ms */
  readonly keepAlive: number;
  /** Bytes. */
  readonly maxMessage: number;
  readonly backpressure: number;
}

/** How a websocket has ended (RFC 6455 §7.4.1). */
export interface SocketEnd {
  readonly code: number;
  readonly reason: string;
}

/** So long (ms) the server may take to answer a close. */
const lastWord = 5000;
/** Ends that are none of a failure. */
const usual = new Set([1000, 1001, 1005]);

/** A websocket to a backend: what comes is iterated over, once. Spec X4. */
export class SocketStream<Message = unknown> implements AsyncIterableIterator<Message>, AsyncDisposable {
  readonly #parts: StreamParts;
  readonly #context: Context | undefined;
  readonly #opened = Promise.withResolvers<WebSocket>();
  readonly #closed = Promise.withResolvers<SocketEnd>();
  readonly #messages = new Queue<string | Buffer>();
  #bytes = 0;
  #socket: WebSocket | undefined;
  #end: SocketEnd | undefined;
  /** Of the socket that was tried last. */
  #last: SocketEnd | undefined;
  #failure: Error | undefined;
  #wake: (() => void) | undefined;
  #heart: ReturnType<typeof setInterval> | undefined;
  #quiet = 0;
  /** This side has closed it. */
  #closing = false;

  constructor(parts: StreamParts, context: Context | undefined) {
    this.#parts = parts;
    this.#context = context;
    this.#opened.promise.catch(() => {});
  }

  get label(): string {
    return this.#parts.label;
  }

  /** Resolves when it is open; rejects with a CorequestError when it cannot be. */
  get opened(): Promise<void> {
    return this.#opened.promise.then(() => {});
  }

  /** Resolves when it has ended, however it did; 1006 when it was never open. */
  get closed(): Promise<SocketEnd> {
    return this.#closed.promise;
  }

  /** The subprotocol that the server chose, or `""`. */
  get protocol(): string {
    return this.#socket?.protocol ?? "";
  }

  /** For who opens it. */
  follow(task: Task<WebSocket>): void {
    task.fetch().then(
      (socket) => this.#begin(socket),
      (error: Error) => this.#fail(error),
    );
  }

  /** For who opens it: messages may come before anybody is told that it is open. */
  listen(socket: WebSocket): void {
    socket.binaryType = "nodebuffer";
    socket.onmessage = ({ data }) => this.#take(socket, data as string | Buffer);
    this.#last = undefined;
    socket.addEventListener("close", ({ code, reason }) => (this.#last = { code, reason }));
    const alive = (): void => void (this.#quiet = 0);
    for (const name of ["ping", "pong"]) socket.addEventListener(name, alive);
  }

  /**
   * Sends one message, when it is open; waits while too much waits for the server.
   * @throws CorequestError BACKEND_NETWORK when it has ended, or what kept it from being opened
   */
  async send(message: Message | string | Uint8Array | ArrayBuffer): Promise<void> {
    const socket = this.#socket ?? (await this.#opened.promise);
    const data = this.#encoded(message);
    if (this.#end !== undefined) throw this.#lost();
    socket.send(data as string);
    while (this.#end === undefined && socket.bufferedAmount > this.#parts.backpressure) await Bun.sleep(5);
  }

  /** Waits for the server's answer to the close, but not for ever. What came before can still be read. */
  async close(code = 1000, reason = ""): Promise<SocketEnd> {
    this.#closing = true;
    const socket = await this.#opened.promise.catch(() => undefined);
    if (socket === undefined || this.#end !== undefined) return this.#closed.promise;
    // The answer comes behind what nobody asks for any more.
    socket.onmessage = null;
    socket.resume();
    socket.close(code, reason);
    const timer = setTimeout(() => socket.terminate(), lastWord);
    return this.#closed.promise.finally(() => clearTimeout(timer));
  }

  /**
   * The next message. Done when the server has closed it with 1000, 1001 or without a code, or when this side has.
   * @throws CorequestError for every other end; SkitaiError SOCKET_MESSAGE for one that is no JSON, after which the next can be read
   */
  async next(): Promise<IteratorResult<Message, undefined>> {
    for (;;) {
      const message = this.#messages.shift();
      if (message !== undefined) {
        this.#bytes -= message.length;
        if (this.#bytes <= this.#parts.backpressure / 2 && this.#socket?.isPaused) this.#socket.resume();
        return { done: false, value: this.#decoded(message) as Message };
      }
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#end !== undefined) return { done: true, value: undefined };
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  async return(): Promise<IteratorResult<Message, undefined>> {
    await this.close();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #begin(socket: WebSocket): void {
    this.#socket = socket;
    socket.onclose = ({ code, reason }) => this.#ended({ code, reason });
    // It may be over before anybody was told.
    if (socket.readyState === WebSocket.CLOSED) this.#ended(this.#last ?? { code: 1006, reason: "" });
    const signal = this.#context?.signal;
    const giveUp = (): void => socket.close(1001);
    if (signal?.aborted) giveUp();
    signal?.addEventListener("abort", giveUp);
    void this.#closed.promise.then(() => signal?.removeEventListener("abort", giveUp));
    this.#heart = setInterval(() => this.#beat(socket), this.#parts.keepAlive / 4).unref();
    this.#opened.resolve(socket);
  }

  #beat(socket: WebSocket): void {
    if (socket.isPaused) return;
    this.#quiet++;
    if (this.#quiet > 4) socket.terminate();
    else if (this.#quiet % 2 === 0) socket.ping();
  }

  #take(socket: WebSocket, message: string | Buffer): void {
    this.#quiet = 0;
    if (message.length > this.#parts.maxMessage) {
      socket.onmessage = null;
      this.#failure = this.#error(`messages of at most ${this.#parts.maxMessage} bytes`);
      return socket.close(1009, "message too big");
    }
    this.#messages.push(message);
    this.#bytes += message.length;
    if (this.#bytes > this.#parts.backpressure && !socket.isPaused) socket.pause();
    this.#rouse();
  }

  #ended(end: SocketEnd): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    clearInterval(this.#heart);
    if (!usual.has(end.code) && !this.#closing) this.#failure ??= this.#lost();
    this.#closed.resolve(end);
    this.#rouse();
  }

  #fail(error: Error): void {
    this.#failure = error;
    this.#opened.reject(error);
    this.#end = { code: 1006, reason: error.message };
    this.#closed.resolve(this.#end);
    this.#rouse();
  }

  #rouse(): void {
    this.#wake?.();
    this.#wake = undefined;
  }

  #lost(): CorequestError {
    const { code, reason } = this.#end!;
    return this.#error(`a connection that lasts, and it was closed with ${code}${reason && ` ${reason}`}`);
  }

  #error(accepted: string): CorequestError {
    return new CorequestError("BACKEND_NETWORK", { alias: this.#parts.alias }, this.label, { accepted });
  }

  #encoded(message: unknown): string | Uint8Array | ArrayBuffer {
    if (message instanceof Uint8Array || message instanceof ArrayBuffer) return message;
    const text = this.#parts.json
      ? JSON.stringify(message)
      : typeof message === "string"
        ? message
        : undefined;
    if (text !== undefined) return text;
    throw new SkitaiError("SOCKET_MESSAGE", {
      name: "message to send",
      value: message,
      accepted: this.#parts.json ? "what JSON can say" : "text or bytes",
    });
  }

  #decoded(message: string | Buffer): unknown {
    if (!this.#parts.json || typeof message !== "string") return message;
    try {
      return JSON.parse(message);
    } catch (cause) {
      throw new SkitaiError("SOCKET_MESSAGE", {
        name: `message of ${this.#parts.alias}`,
        accepted: "JSON",
        cause,
      });
    }
  }
}
