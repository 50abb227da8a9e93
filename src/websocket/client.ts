import type { Context } from "../context.ts";
import { SkitaiError } from "../errors.ts";
import type { Frame, Rooms } from "./rooms.ts";

/** What a client asks of its connection. */
export interface Line {
  readonly protocol: string;
  /** Whether what is sent may arrive. */
  readonly live: boolean;
  /** Whether something waits because the client reads slowly. */
  readonly congested: boolean;
  readonly rooms: Rooms;
  encode(value: unknown): Frame;
  send(frame: Frame): boolean;
  drained(): Promise<void>;
  end(code: number, reason: string): void;
  join(room: string): void;
  leave(room: string): void;
  /** The whole name of a room of this endpoint. */
  qualify(room: string): string;
}

/** Different in every process; the rest of an id counts. */
const origin = Buffer.from(crypto.getRandomValues(new Uint8Array(9))).toString("base64url");
let last = 0;

/**
 * One connected client, as handlers see it: keep it, and send to it from anywhere in its worker. Spec X1, X2.
 * Rooms are named as the query names them: those of one endpoint are not those of another.
 */
export class SocketClient<Query = unknown, Data = unknown> {
  /** Unique over workers, restarts and machines. */
  readonly id = `${origin}-${++last}`;
  /** Of the request that became a websocket; `was` works with it in every event. */
  readonly context: Context;
  /** Parameters of the URL, as the schema made them. */
  readonly query: Query;
  /** The app's own; what the endpoint was called with, or what `onInit` sets. */
  data: Data;
  /** With `WS_GROUPCHAT`: the room that the query names. */
  readonly room: string | undefined;
  readonly #line: Line;

  constructor(line: Line, context: Context, query: Query, room: string | undefined, data: Data) {
    this.#line = line;
    this.context = context;
    this.query = query;
    this.room = room;
    this.data = data;
  }

  get request(): Request {
    return this.context.request;
  }

  /** Address of the client, see `context.ip`. */
  get ip(): string {
    return this.context.ip;
  }

  /** Aborted when the connection has ended. */
  get signal(): AbortSignal {
    return this.context.signal;
  }

  /** The subprotocol, or `""`. */
  get protocol(): string {
    return this.#line.protocol;
  }

  /** Before it is open too. */
  get closed(): boolean {
    return !this.#line.live;
  }

  /**
   * Sends one message, encoded as the websocket is; bytes as they are.
   * @returns false when it is closed, or is now because too much waits for it
   * @throws SkitaiError SOCKET_MESSAGE for what the encoding cannot say
   */
  send(message: unknown): boolean {
    return this.#line.send(this.#line.encode(message));
  }

  /** Whether messages wait because the client reads slowly. */
  get congested(): boolean {
    return this.#line.congested;
  }

  /** Resolves when nothing waits for the client any more, or it is closed. */
  drained(): Promise<void> {
    return this.#line.drained();
  }

  /** @param code 1000, or 3000 to 4999 for what the app means by it */
  close(code = 1000, reason = ""): void {
    this.#line.end(code, reason);
  }

  /** Is told what is said in the room, from now on. */
  join(room: string): void {
    this.#line.join(this.#line.qualify(room));
  }

  leave(room: string): void {
    this.#line.leave(this.#line.qualify(room));
  }

  /** To all who are in a room; default: its own. @param options `others`: not to this client itself */
  say(message: unknown, room?: string, { others = false } = {}): void {
    this.#line.rooms.say(this.#room(room), this.#line.encode(message), others ? this.id : undefined);
  }

  /** To one client that is in a room of this service, by its id. @returns false when there is none */
  async whisper(id: string, message: unknown): Promise<boolean> {
    return await this.#line.rooms.whisper(id, this.#line.encode(message));
  }

  /** Ids of who is in a room; default: its own. */
  async list(room?: string): Promise<readonly string[]> {
    return await this.#line.rooms.list(this.#room(room));
  }

  async count(room?: string): Promise<number> {
    return await this.#line.rooms.count(this.#room(room));
  }

  #room(room: string | undefined): string {
    const name = room ?? this.room;
    if (name === undefined)
      throw new SkitaiError("OPTION_INVALID", {
        name: "room",
        accepted: "a name; this client has no room of its own",
      });
    return this.#line.qualify(name);
  }
}
