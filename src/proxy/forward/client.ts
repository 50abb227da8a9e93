import type { Socket } from "node:net";
import { plainAddress } from "../../http/network.ts";
import { refuseOn } from "./answers.ts";
import type { Exchange } from "./exchange.ts";
import type { IdleWatch, Watched } from "./idle.ts";
import { Refused } from "./refused.ts";

/** Requests that a client may have sent ahead of their answers. */
const mostAhead = 64;

/** One connection of a client: waits for a request, answers some, or has become a tunnel. */
export class Client implements Watched {
  readonly limit: number;
  readonly socket: Socket;
  /** Its address; the socket of one that has gone does not know it any more. */
  readonly peer: string;
  /** The request that is being answered. */
  current: Exchange | undefined;
  readonly #idle: IdleWatch;
  #ahead = 0;
  #served = 0;
  #malformed = false;
  #turn: Promise<void> = Promise.resolve();

  /** @param limit ms that it may wait for a request, and that nothing may come or go while one is answered */
  constructor(socket: Socket, idle: IdleWatch, limit: number) {
    this.socket = socket;
    this.peer = plainAddress(socket.remoteAddress ?? "-");
    this.limit = limit;
    this.#idle = idle;
    idle.add(this);
    socket.once("close", () => idle.delete(this));
  }

  get isBusy(): boolean {
    return this.#ahead > 0;
  }

  readonly moved = (): number =>
    this.isBusy ? this.socket.bytesRead + this.socket.bytesWritten : -1 - this.#served;

  readonly expire = (): void => {
    const { current } = this;
    if (current === undefined || current.status !== 0) this.socket.destroy();
    else current.abandon?.(new Refused(504, "the server did not answer in time"));
  };

  /** Requests are answered one after another, in their order. */
  enqueue(answer: () => Promise<void>): void {
    if (++this.#ahead > mostAhead) {
      this.socket.destroy();
      return;
    }
    this.#turn = this.#turn.then(async () => {
      if (!this.socket.destroyed && !this.#malformed) await answer();
      this.current = undefined;
      this.#ahead--;
      this.#served++;
    });
  }

  /**
   * What it sends is no HTTP any more. Whoever has or awaits another answer gets none that could be taken for it.
   * @param code of llhttp
   */
  malformed(code: string | undefined): void {
    this.#malformed = true;
    if (!this.socket.writable || this.#served > 0 || this.current !== undefined) {
      this.socket.destroy();
      return;
    }
    refuseOn(
      this.socket,
      code === "HPE_HEADER_OVERFLOW"
        ? new Refused(431, "the head of the request is too large")
        : new Refused(400, "this is no HTTP/1.1 that can be passed on"),
    );
    this.refused();
  }

  /** @returns false when answers are on their way: what a tunnel carries would mix with them */
  becomeTunnel(): boolean {
    if (this.isBusy) return false;
    this.#ahead = 1;
    this.#idle.delete(this);
    return true;
  }

  /** What was refused has to go, whether its client ends it or not: it has a moment to read why. */
  refused(): void {
    setTimeout(() => this.socket.destroy(), 2000).unref();
  }

  /** Ends it at its next chance, without losing a request that is on its way. @param patience ms for that */
  leave(patience: number): void {
    if (this.isBusy) return;
    if (patience === 0 && this.#served > 0) this.socket.destroy();
    else setTimeout(() => this.isBusy || this.socket.destroy(), patience || 1000).unref();
  }
}
