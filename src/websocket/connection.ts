import { type Context, runWith } from "../context.ts";
import type { ClientSocket, SocketHandler } from "../http/socket-handler.ts";
import { processLogs } from "../log/logs.ts";
import { inBackground } from "../system/background.ts";
import { type Line, SocketClient } from "./client.ts";
import { AfterClose } from "./after-close.ts";
import { checkCode, isLonger, ownCode, shortened } from "./closing.ts";
import { SocketError } from "./error.ts";
import type { Handshake } from "./handshake.ts";
import { beatsToEnd, beatsToPing, heartOf, type Pulse } from "./heartbeat.ts";
import type { Settings } from "./options.ts";
import { type Outlet, reply } from "./replies.ts";
import { type Frame, processRooms, type RoomMember, type Rooms } from "./rooms.ts";
import { type Session, SessionReceiver } from "./session.ts";
import { AtOnce, InTurn, type Receiver, type Tap } from "./turns.ts";

/** What a websocket's app is: called for each message, or for each connection. */
export type Handler = (first: never, client: never) => unknown;

/** So long (ms) a client that was too slow may take to read what waits for it, and its 1013. */
const lastChance = 10_000;
/** Shorter messages are not made shorter by compressing. */
const compressed = 256;

/** One connection, from its handshake to its end. */
export class Connection implements SocketHandler, Line, Outlet, Pulse, RoomMember, Tap {
  readonly client: SocketClient;
  readonly rooms: Rooms = processRooms();
  readonly protocol: string;
  #socket: ClientSocket | undefined;
  live = false;
  readonly #settings: Settings;
  readonly #handler: Handler;
  readonly #context: Context;
  readonly #ended: () => void;
  #receiver: Receiver | undefined;
  #quiet = 0;
  /** Something waits since the last look. */
  #waiting = false;
  #drained: PromiseWithResolvers<void> | undefined;
  #lastChance: ReturnType<typeof setTimeout> | undefined;
  #inRooms = false;

  /** @param ended called once, when it is over that was opened */
  constructor(
    settings: Settings,
    handler: Handler,
    context: Context,
    { query, room, protocol }: Handshake,
    data: unknown,
    ended: () => void,
  ) {
    this.#settings = settings;
    this.#handler = handler;
    this.#context = context;
    this.#ended = ended;
    this.protocol = protocol ?? "";
    this.client = new SocketClient<unknown, unknown>(this, context, query, room, data);
    // Afterwards nobody can tell any more.
    void context.peer;
  }

  get id(): string {
    return this.client.id;
  }

  get socket(): ClientSocket {
    return this.#socket!;
  }

  get lists(): boolean {
    return this.#settings.codec.lists;
  }

  // What the engine tells.

  open(socket: ClientSocket): void {
    this.#socket = socket;
    this.live = true;
    heartOf(this.#settings.timeout).add(this);
    runWith(this.#context, opened, this);
  }

  message(_socket: ClientSocket, message: string | Buffer): void {
    this.#quiet = 0;
    if (!this.live) return;
    if (isLonger(message, this.#settings.maxMessage)) return this.end(1009, "message too big");
    runWith(this.#context, received, this, message);
  }

  drain(socket: ClientSocket): void {
    if (socket.getBufferedAmount() > 0) return;
    this.#waiting = false;
    if (this.#lastChance !== undefined) socket.close(1013, "too slow");
    this.#release();
  }

  close(_socket: ClientSocket, code: number, reason: string): void {
    this.live = false;
    clearTimeout(this.#lastChance);
    heartOf(this.#settings.timeout).delete(this);
    if (this.#inRooms) this.rooms.leave(this);
    this.#ended();
    this.#release();
    runWith(new AfterClose(this.#context), closed, this, code, reason);
  }

  ping(): void {
    this.#quiet = 0;
  }

  pong(): void {
    this.#quiet = 0;
  }

  // What happens in the context of the request.

  opened(): void {
    const { room } = this.client;
    if (room !== undefined) this.join(this.qualify(room));
    this.#receiver = this.#newReceiver();
    this.#receiver.start?.();
    const { onOpen } = this.#settings;
    if (onOpen !== undefined) void this.#attempt(() => onOpen(this.client));
  }

  received(message: string | Buffer): void {
    this.#receiver!.receive(message);
  }

  closed(code: number, reason: string): void {
    const session = this.#receiver?.end?.();
    if (session !== undefined) inBackground(session, tell);
    const { onClose } = this.#settings;
    if (onClose === undefined) return;
    const work = this.#attempt(() => onClose(this.client, ownCode(code, reason), reason));
    if (work !== undefined) inBackground(work, tell);
  }

  #newReceiver(): Receiver {
    const { design, codec, backpressure } = this.#settings;
    const unreadable = (error: unknown): Promise<void> | undefined => this.#unreadable(error);
    if (design.session)
      return new SessionReceiver(
        {
          begin: () => (this.#handler as (client: SocketClient) => Session<unknown>)(this.client),
          decode: codec.decode,
          unreadable,
          reply: (value) => reply(value, this),
          failed: (error) => this.#failed(error),
          finished: () => this.end(1000, ""),
        },
        this,
        backpressure,
      );
    const handle = (message: string | Buffer): Promise<void> | undefined => this.#handle(message);
    return design.ordered ? new InTurn(handle, this, backpressure) : new AtOnce(handle, this);
  }

  #handle(message: string | Buffer): Promise<void> | undefined {
    if (!this.live) return undefined;
    let decoded: unknown;
    try {
      decoded = this.#settings.codec.decode(message);
    } catch (error) {
      return this.#unreadable(error);
    }
    try {
      const value = (this.#handler as (message: unknown, client: SocketClient) => unknown)(
        decoded,
        this.client,
      );
      return reply(value, this)?.catch((error: unknown) => this.#failed(error));
    } catch (error) {
      this.#failed(error);
      return undefined;
    }
  }

  #attempt(work: () => unknown): Promise<void> | undefined {
    try {
      return reply(work(), this)?.catch((error: unknown) => this.#failed(error));
    } catch (error) {
      this.#failed(error);
      return undefined;
    }
  }

  /** A message that is no text, no JSON … */
  #unreadable(error: unknown): Promise<void> | undefined {
    const { onError } = this.#settings;
    if (!(error instanceof SocketError)) return void this.#failed(error);
    if (onError !== undefined) return this.#attempt(() => onError(error, this.client));
    this.end(error.closeCode, error.message);
    return undefined;
  }

  #failed(error: unknown): void {
    const fault = this.#settings.codec.fault?.(error);
    if (fault !== undefined) return void this.send(fault);
    tell(error);
    this.end(1011, "internal error");
  }

  // What the client and the rooms ask for.

  encode(value: unknown): Frame {
    return this.#settings.codec.encode(value);
  }

  put(message: unknown): void {
    const frame = this.encode(message);
    const { room } = this.client;
    if (room === undefined) this.send(frame);
    else this.rooms.say(this.qualify(room), frame);
  }

  send(frame: Frame): boolean {
    if (!this.live) return false;
    if (this.#waiting && !this.#hasRoom()) return false;
    const { deflate } = this.#settings;
    const sent = this.#socket!.send(frame, deflate && frame.length >= compressed);
    if (sent === -1) this.#waiting = true;
    // Nothing was sent of a message that has something.
    else if (sent === 0 && frame.length > 0) this.#tooSlow();
    return this.live;
  }

  deliver(frame: Frame): void {
    this.send(frame);
  }

  check(): void {
    if (!this.live || this.#socket!.getBufferedAmount() === 0) return;
    this.#waiting = true;
    this.#hasRoom();
  }

  get congested(): boolean {
    return this.live && this.#waiting;
  }

  drained(): Promise<void> {
    if (!this.congested) return Promise.resolve();
    return (this.#drained ??= Promise.withResolvers<void>()).promise;
  }

  end(code: number, reason: string): void {
    checkCode(code);
    if (!this.live) return;
    this.live = false;
    this.#socket!.close(code, shortened(reason));
  }

  join(room: string): void {
    if (!this.live) return;
    this.#inRooms = true;
    this.rooms.join(room, this);
  }

  leave(room: string): void {
    if (this.live) this.rooms.leave(this, room);
  }

  qualify(room: string): string {
    const { mountPoint, path } = this.#context;
    return `${mountPoint}${path.endsWith("/") ? path : `${path}/`}${room}`;
  }

  pause(): void {
    if (this.live) this.#socket!.pause();
  }

  resume(): void {
    if (this.live) this.#socket!.resume();
  }

  beat(): void {
    const socket = this.#socket!;
    // Nobody hears a client that is not read from.
    if (socket.isPaused) return;
    this.#quiet++;
    if (this.#quiet >= beatsToEnd) return this.#gone();
    if (this.#quiet % beatsToPing === 0) socket.ping();
    if (this.live) this.check();
  }

  /** What waits is not read by anybody. */
  #gone(): void {
    if (this.#socket!.getBufferedAmount() > 0) this.#socket!.terminate();
    else this.end(1001, "no answer to pings");
  }

  #hasRoom(): boolean {
    const amount = this.#socket!.getBufferedAmount();
    if (amount === 0) this.#waiting = false;
    if (amount <= this.#settings.backpressure) return true;
    this.#tooSlow();
    return false;
  }

  /** Nothing more is sent; what waits, and a 1013 behind it, if the client comes to read it. */
  #tooSlow(): void {
    if (!this.live) return;
    this.live = false;
    if (this.#inRooms) this.rooms.leave(this);
    this.#lastChance = setTimeout(() => this.#socket!.terminate(), lastChance).unref();
    this.#release();
  }

  #release(): void {
    this.#drained?.resolve();
    this.#drained = undefined;
  }
}

// Functions that are made once: a closure for each event would be made anew.
const opened = (connection: Connection): void => connection.opened();
const received = (connection: Connection, message: string | Buffer): void => connection.received(message);
const closed = (connection: Connection, code: number, reason: string): void =>
  connection.closed(code, reason);

const tell = (error: unknown): void => processLogs().server.traceback(error);
