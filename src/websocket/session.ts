import { type Receiver, type Tap, Waiting } from "./turns.ts";

/** A session's generator: a bare `yield` gives the next message, `undefined` at the end; `yield value` sends. */
export type Session<Message> =
  AsyncGenerator<unknown, unknown, Message | undefined> | Generator<unknown, unknown, Message | undefined>;

export interface SessionParts {
  readonly begin: () => Session<unknown>;
  /** @throws what makes the message unreadable */
  readonly decode: (message: string | Buffer) => unknown;
  /** What is done about one that cannot be read; the promise never rejects. */
  readonly unreadable: (error: unknown) => Promise<void> | undefined;
  readonly reply: (value: unknown) => Promise<void> | undefined;
  readonly failed: (error: unknown) => void;
  /** The generator is at its end. */
  readonly finished: () => void;
}

/** Runs the generator of one connection. What it yields is sent before it goes on. Spec X1. */
export class SessionReceiver implements Receiver {
  readonly #parts: SessionParts;
  readonly #waiting: Waiting;
  #wake: (() => void) | undefined;
  #ended = false;
  #running: Promise<void> | undefined;

  constructor(parts: SessionParts, tap: Tap, most: number) {
    this.#parts = parts;
    this.#waiting = new Waiting(tap, most);
  }

  start(): void {
    this.#running = this.#run();
  }

  receive(message: string | Buffer): void {
    this.#waiting.push(message);
    this.#wake?.();
  }

  end(): Promise<void> | undefined {
    this.#ended = true;
    this.#waiting.clear();
    this.#wake?.();
    return this.#running;
  }

  async #run(): Promise<void> {
    const { begin, reply, failed, finished } = this.#parts;
    let session: Session<unknown> | undefined;
    try {
      session = begin();
      let told = false;
      for (let step = await session.next(); ;) {
        if (step.done === true) {
          await reply(step.value);
          return finished();
        }
        if (step.value !== undefined && step.value !== null) {
          await reply(step.value);
          step = await session.next();
        } else if (told) {
          // It asks on after it was told that nothing comes any more.
          await session.return(undefined);
          return;
        } else {
          const message = await this.#next();
          told = message === undefined;
          step = await session.next(message);
        }
      }
    } catch (error) {
      failed(error);
      await this.#stop(session);
    }
  }

  /** A generator that has yielded what cannot be sent stands there still. */
  async #stop(session: Session<unknown> | undefined): Promise<void> {
    try {
      await session?.return(undefined);
    } catch (error) {
      this.#parts.failed(error);
    }
  }

  /** The next message that can be read; `undefined` at the end. */
  async #next(): Promise<unknown> {
    const { decode, unreadable } = this.#parts;
    for (;;) {
      const message = this.#waiting.shift();
      if (message === undefined) {
        if (this.#ended) return undefined;
        await new Promise<void>((resolve) => (this.#wake = resolve));
        this.#wake = undefined;
        continue;
      }
      try {
        return decode(message);
      } catch (error) {
        await unreadable(error);
      }
    }
  }
}
