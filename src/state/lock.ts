import { AsyncLocalStorage } from "node:async_hooks";
import { findContext } from "../context.ts";
import { SkitaiError } from "../errors.ts";
import { LockQueue } from "./lock-queue.ts";
import { sharesWords } from "./process.ts";

/** What is known of a lock that was got. */
export interface Grant {
  /**
   * In cluster mode a number that is greater each time somebody gets the lock: give it to what the lock guards, so that it can
   * refuse who lost the lock without knowing yet. `undefined` without a cluster.
   */
  readonly fence: number | undefined;
  /** Aborted, with LOCK_LOST, when the lock is not the holder's any more: Redis was away for too long. Never without a cluster. */
  readonly signal: AbortSignal;
}

/** Who gives locks: the master, this process to itself, or in cluster mode Redis behind the master. */
export interface LockService {
  /**
   * @param granted called once, when the lock is the caller's
   * @returns gives it back, or does not wait for it any more
   */
  take(name: string, granted: (grant?: Grant) => void): () => void;
}

export interface AcquireOptions {
  /** Seconds to wait at most; default: no limit. */
  readonly timeout?: number;
}

/** A lock that was got; it is given back once. */
export interface Hold extends AsyncDisposable, Grant {
  release(): void;
}

/** A lock that is free when its holder says so, or is gone. */
const local: Grant = { fence: undefined, signal: new AbortController().signal };

const maxLength = 100;
let installed: LockService | undefined;

/** Makes `service` the one of this process. */
export const installLocks = (service: LockService): void => void (installed = service);

function processLocks(): LockService {
  // A lock that is not the service's would be none.
  if (installed === undefined && sharesWords())
    throw new SkitaiError("STATE_INVALID", { name: "getLock", accepted: "only in a worker that has run()" });
  installed ??= ownLocks();
  return installed;
}

/** Locks among the parts of one process. */
function ownLocks(): LockService {
  const queue = new LockQueue<undefined>();
  let last = 0;
  return {
    take(name, granted) {
      const id = ++last;
      queue.ask(name, undefined, id, granted);
      return () => queue.leave(name, undefined, id);
    },
  };
}

/** What was acquired, pending or held, by a request, or else by a lock object. */
const acquired = new WeakMap<object, Set<string>>();

interface Running {
  readonly name: string;
  over: boolean;
  readonly outer: Running | undefined;
}
/** The `run` calls that an async function is inside of. */
const running = new AsyncLocalStorage<Running>();

/**
 * A lock of all workers of a service, by name. Whoever asks first gets it first. It is free when it is given back, and when
 * the process that has it is gone, however it went. Spec H4.
 * ```ts
 * await using hold = await was.getLock("import").acquire({ timeout: 10 });
 * const total = await was.getLock("stock").run(() => recount());
 * ```
 * In cluster mode (spec H5) it is one lock of all machines, with the same calls, and `hold.fence` and `hold.signal` say more of it:
 * while Redis is away nobody gets a lock, who waits goes on to wait, and who has one loses it after the `ttl` of the cluster.
 */
export class Lock {
  readonly name: string;

  /** @throws SkitaiError STATE_INVALID for what is no text of 1 to 100 characters */
  constructor(name: string) {
    if (typeof name !== "string" || name === "" || name.length > maxLength)
      throw new SkitaiError("STATE_INVALID", {
        name: "getLock",
        value: name,
        accepted: `a text of 1 to ${maxLength} characters`,
      });
    this.name = name;
  }

  /**
   * Waits until it is this request's, or outside of requests, this object's; for parallel parts of one request there is `run`.
   * @throws SkitaiError LOCK_REENTERED when the caller has it or waits for it already, LOCK_TIMEOUT
   */
  async acquire(options: AcquireOptions = {}): Promise<Hold> {
    const names = this.#owned();
    this.#refuseTwice();
    names.add(this.name);
    try {
      const { leave, grant } = await this.#take(options);
      return holdOf(grant, () => {
        names.delete(this.name);
        leave();
      });
    } catch (error) {
      names.delete(this.name);
      throw error;
    }
  }

  /**
   * Has the lock while `act` runs.
   * @throws SkitaiError LOCK_REENTERED inside of `act` and of whatever has the lock, LOCK_TIMEOUT
   */
  async run<Result>(
    act: (held: Grant) => Result | Promise<Result>,
    options: AcquireOptions = {},
  ): Promise<Result> {
    this.#refuseTwice();
    const { leave, grant } = await this.#take(options);
    const self: Running = { name: this.name, over: false, outer: running.getStore() };
    try {
      return await running.run(self, act, grant);
    } finally {
      self.over = true;
      leave();
    }
  }

  #owned(): Set<string> {
    const owner = findContext() ?? this;
    const names = acquired.get(owner) ?? new Set<string>();
    acquired.set(owner, names);
    return names;
  }

  /** It would wait for itself. */
  #refuseTwice(): void {
    let inside = running.getStore();
    while (inside !== undefined && (inside.over || inside.name !== this.name)) inside = inside.outer;
    if (inside !== undefined || this.#owned().has(this.name))
      throw new SkitaiError("LOCK_REENTERED", {
        name: `getLock("${this.name}")`,
        accepted: "once until it is released: who asks has it, or waits for it, already",
      });
  }

  async #take({ timeout }: AcquireOptions): Promise<Taken> {
    if (timeout !== undefined && !(timeout > 0))
      throw new SkitaiError("STATE_INVALID", {
        name: `getLock("${this.name}"): timeout`,
        value: timeout,
        accepted: "seconds above 0",
      });
    const { promise, resolve, reject } = Promise.withResolvers<Grant | undefined>();
    const leave = processLocks().take(this.name, resolve);
    if (timeout === undefined || timeout === Infinity) return { leave, grant: (await promise) ?? local };
    try {
      return { leave, grant: (await this.#limit(promise, timeout, reject)) ?? local };
    } catch (error) {
      leave();
      throw error;
    }
  }

  async #limit(
    granted: Promise<Grant | undefined>,
    timeout: number,
    reject: (error: Error) => void,
  ): Promise<Grant | undefined> {
    const late = (): void =>
      reject(
        new SkitaiError("LOCK_TIMEOUT", {
          name: `getLock("${this.name}")`,
          accepted: `others did not release it within ${timeout} s`,
        }),
      );
    const timer = setTimeout(late, Math.min(timeout * 1000, 2 ** 31 - 1));
    try {
      return await granted;
    } finally {
      clearTimeout(timer);
    }
  }
}

interface Taken {
  readonly leave: () => void;
  readonly grant: Grant;
}

function holdOf(grant: Grant, leave: () => void): Hold {
  let held = true;
  const release = (): void => {
    if (held) leave();
    held = false;
  };
  return { ...grant, release, [Symbol.asyncDispose]: async () => release() };
}
