import { Connection, type Place } from "./connection.ts";
import { HeadReader } from "./head-reader.ts";

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

/** Who wants a connection: told one of both, once. */
export interface Taker {
  taken(connection: Connection): void;
  /** @param error NotConnected or QueueFull */
  refused(error: Error): void;
}

/** The connections of one upstream; the one used last is asked first, so that the others can go. */
export class Pool {
  readonly #place: Place;
  readonly #heads = new HeadReader();
  readonly #connections: number;
  readonly #queue: number;
  readonly #idleTime: number;
  readonly #idle: Connection[] = [];
  readonly #all = new Set<Connection>();
  #opening = 0;
  /** In the order they came. */
  readonly #waiting = new Set<Taker>();
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
      if (!connection.closed && fresh < Number.POSITIVE_INFINITY && Date.now() - connection.idleSince > fresh)
        return undefined;
      this.#idle.pop();
      if (!connection.closed) return connection;
    }
  }

  /**
   * An idle connection that is `fresh`, else a new one, else the next that is free.
   * @throws NotConnected, QueueFull
   */
  claim(fresh?: number): Promise<Connection> {
    return new Promise((taken, refused) => this.want({ taken, refused }, fresh));
  }

  /** The same for who can change their mind, see `unwant`. */
  want(taker: Taker, fresh?: number): void {
    const idle = this.take(fresh);
    if (idle !== undefined) return taker.taken(idle);
    if (this.#closed) return taker.refused(new QueueFull("the service ends"));
    if (this.#all.size + this.#opening >= this.#connections) {
      // What is idle here is not fresh enough: its place is worth more than it.
      const stale = this.#idle.shift();
      if (stale === undefined) return this.#wait(taker);
      stale.destroy();
    }
    this.open().then(
      (connection) => taker.taken(connection),
      (error: Error) => taker.refused(error),
    );
  }

  /** Who waits waits no more. */
  unwant(taker: Taker): void {
    this.#waiting.delete(taker);
  }

  /** A new one, whatever is idle. @throws NotConnected */
  async open(): Promise<Connection> {
    this.#opening++;
    try {
      const connection = await Connection.open(this.#place, this.#released, this.#heads);
      if (!connection.closed) this.#all.add(connection);
      if (this.#closed) connection.destroy();
      return connection;
    } finally {
      this.#opening--;
      this.#wake();
    }
  }

  /** Takes one back that was not asked. */
  give(connection: Connection): void {
    if (!connection.closed) this.#released(connection);
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#sweeper);
    for (const connection of this.#all) connection.destroy();
    for (const taker of this.#waiting) taker.refused(new QueueFull("the service ends"));
    this.#waiting.clear();
  }

  #wait(taker: Taker): void {
    if (this.#waiting.size < this.#queue) this.#waiting.add(taker);
    else taker.refused(new QueueFull(`${this.#queue} requests wait for a connection already`));
  }

  readonly #released = (connection: Connection): void => {
    if (connection.closed) {
      this.#all.delete(connection);
      this.#wake();
      return;
    }
    if (this.#waiting.size > 0) return this.#next()!.taken(connection);
    this.#idle.push(connection);
    this.#sweeper ??= setInterval(() => this.#sweep(), 1000).unref();
  };

  /** Where a place is free, who waits may open another, and learns itself when that cannot be. */
  #wake(): void {
    if (this.#waiting.size > 0 && this.#all.size + this.#opening < this.#connections)
      this.want(this.#next()!);
  }

  #next(): Taker | undefined {
    for (const taker of this.#waiting) {
      this.#waiting.delete(taker);
      return taker;
    }
    return undefined;
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
