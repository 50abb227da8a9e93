import { Queue } from "../system/queue.ts";

/** Messages that wait for their turn; nothing more is read from the client then. */
const mostWaiting = 64;

/** What comes from one client, handed on. */
export interface Receiver {
  /** The connection is open. */
  start?(): void;
  receive(message: string | Buffer): void;
  /** The connection has ended. @returns a promise when it has something to end */
  end?(): Promise<void> | undefined;
}

/** The source of messages, which can be told to wait. */
export interface Tap {
  pause(): void;
  resume(): void;
}

/** Handles one message; the promise never rejects. */
export type Handle = (message: string | Buffer) => Promise<void> | undefined;

/** Messages in their order; a client with many that wait is not read from. */
export class Waiting {
  readonly #tap: Tap;
  readonly #most: number;
  readonly #messages = new Queue<string | Buffer>();
  #bytes = 0;
  #paused = false;

  /** @param most bytes */
  constructor(tap: Tap, most: number) {
    this.#tap = tap;
    this.#most = most;
  }

  push(message: string | Buffer): void {
    this.#messages.push(message);
    this.#bytes += message.length;
    if (this.#paused || (this.#messages.length < mostWaiting && this.#bytes <= this.#most)) return;
    this.#paused = true;
    this.#tap.pause();
  }

  shift(): string | Buffer | undefined {
    const message = this.#messages.shift();
    if (message === undefined) return undefined;
    this.#bytes -= message.length;
    if (this.#paused && this.#messages.length <= mostWaiting / 2 && this.#bytes <= this.#most / 2) {
      this.#paused = false;
      this.#tap.resume();
    }
    return message;
  }

  clear(): void {
    this.#messages.clear();
    this.#bytes = 0;
  }
}

/** One message after the other: the next one is handled when the answer to the last is sent. */
export class InTurn implements Receiver {
  readonly #handle: Handle;
  readonly #tap: Tap;
  readonly #most: number;
  #waiting: Waiting | undefined;
  #busy = false;

  constructor(handle: Handle, tap: Tap, most: number) {
    this.#handle = handle;
    this.#tap = tap;
    this.#most = most;
  }

  receive(message: string | Buffer): void {
    if (this.#busy) return (this.#waiting ??= new Waiting(this.#tap, this.#most)).push(message);
    const work = this.#handle(message);
    if (work === undefined) return;
    this.#busy = true;
    void this.#follow(work);
  }

  end(): undefined {
    this.#waiting?.clear();
  }

  async #follow(work: Promise<void>): Promise<void> {
    await work;
    for (let next = this.#waiting?.shift(); next !== undefined; next = this.#waiting?.shift())
      await this.#handle(next);
    this.#busy = false;
  }
}

/** Each message as it comes; a client with many that are being handled is not read from. */
export class AtOnce implements Receiver {
  readonly #handle: Handle;
  readonly #tap: Tap;
  #running = 0;

  constructor(handle: Handle, tap: Tap) {
    this.#handle = handle;
    this.#tap = tap;
  }

  receive(message: string | Buffer): void {
    const work = this.#handle(message);
    if (work === undefined) return;
    if (++this.#running === mostWaiting) this.#tap.pause();
    void work.then(() => {
      if (this.#running-- === mostWaiting) this.#tap.resume();
    });
  }
}
