import { Connection, type Place } from "./connection.ts";

/** Seconds that an idle connection is kept; a little less than most servers keep theirs. */
const defaultIdle = 10;

/** More requests wait for a connection than may. */
export class QueueFull extends Error {}

export interface PoolLimits {
  /** Connections at once, default 1024. */
  readonly connections?: number;
  /** Requests that wait for one, default 1024. */
  readonly queue?: number;
  /** Seconds an idle connection is kept, default 10. Spec P4. */
  readonly idle?: number;
}

/** The connections of one upstream; the one used last is asked first, so that the others can go. */
export class Pool {
  readonly #place: Place;
  readonly #connections: number;
  readonly #queue: number;
  readonly #idleTime: number;
  readonly #idle: Connection[] = [];
  readonly #all = new Set<Connection>();
  #opening = 0;
  #waiting: PromiseWithResolvers<void>[] = [];
  #sweeper: ReturnType<typeof setInterval> | undefined;
  #closed = false;

  constructor(place: Place, { connections = 1024, queue = 1024, idle = defaultIdle }: PoolLimits = {}) {
    this.#place = place;
    this.#connections = connections;
    this.#queue = queue;
    this.#idleTime = idle * 1000;
  }

  /** Open connections, idle ones included. */
  get size(): number {
    return this.#all.size;
  }

  get idle(): number {
    return this.#idle.length;
  }

  /**
   * The idle connection that was used last, if there is one.
   * @param fresh ms since then, at most
   */
  take(fresh = Number.POSITIVE_INFINITY): Connection | undefined {
    for (;;) {
      const connection = this.#idle.at(-1);
      if (connection === undefined) return undefined;
      if (!connection.closed && Date.now() - connection.idleSince > fresh) return undefined;
      this.#idle.pop();
      if (!connection.closed) return connection;
    }
  }

  /**
   * An idle connection or a new one; one that is not `fresh` only when no more may be opened.
   * @throws NotConnected, QueueFull
   */
  async claim(fresh?: number): Promise<Connection> {
    for (let limit = fresh; ; limit = undefined) {
      const idle = this.take(limit);
      if (idle !== undefined) return idle;
      if (this.#all.size + this.#opening < this.#connections) return this.open();
      if (limit === undefined) await this.#wait();
    }
  }

  /** A new one, whatever is idle. @throws NotConnected */
  async open(): Promise<Connection> {
    this.#opening++;
    try {
      const connection = await Connection.open(this.#place, (each) => this.#released(each));
      this.#all.add(connection);
      if (this.#closed) connection.destroy();
      return connection;
    } finally {
      this.#opening--;
      this.#next();
    }
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#sweeper);
    for (const connection of this.#all) connection.destroy();
    for (const waiting of this.#waiting.splice(0)) waiting.reject(new QueueFull("the service ends"));
  }

  #wait(): Promise<void> {
    if (this.#waiting.length >= this.#queue)
      throw new QueueFull(`${this.#queue} requests wait for a connection already`);
    const waiting = Promise.withResolvers<void>();
    this.#waiting.push(waiting);
    return waiting.promise;
  }

  #next(): void {
    this.#waiting.shift()?.resolve();
  }

  #released(connection: Connection): void {
    if (connection.closed) this.#all.delete(connection);
    else {
      this.#idle.push(connection);
      this.#sweeper ??= setInterval(() => this.#sweep(), 1000).unref();
    }
    this.#next();
  }

  /** The ones that were used longest ago stand first. */
  #sweep(): void {
    const limit = Date.now() - this.#idleTime;
    while (this.#idle.length > 0 && (this.#idle[0]!.closed || this.#idle[0]!.idleSince < limit))
      this.#idle.shift()!.destroy();
    if (this.#idle.length > 0) return;
    clearInterval(this.#sweeper);
    this.#sweeper = undefined;
  }
}
