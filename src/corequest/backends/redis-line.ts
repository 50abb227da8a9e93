import type { RedisBatch } from "../redis-call.ts";

/** A client that sends calls. */
export interface RedisLine {
  /** Whether a call may be sent now. */
  readonly ready: boolean;
  /** Connects, now and not when the next attempt is due. Rejects when the server is not there. */
  open(): Promise<void>;
  /** @param name lower case @param bytes strings of the reply come as bytes */
  send(name: string, args: unknown[], bytes: boolean): Promise<unknown>;
  /** Replies in order, `Error`s among them. */
  batch(batch: RedisBatch): Promise<unknown[]>;
  /** Ends the connection under its calls; a new one is made. */
  drop(): void;
  close(): void;
}
