import { type AnyJob, findJob } from "./job.ts";
import { type HostAnswer, isRequest, type Marked, marked } from "./messages.ts";
import { packError } from "./packed-error.ts";

/** The way between a thread or process and its worker. */
export interface Channel {
  /** @throws DataCloneError when something in it cannot be copied */
  readonly send: (answer: Marked<HostAnswer>) => void;
  readonly listen: (take: (message: unknown) => void) => void;
}

export interface HostParts {
  readonly channel: Channel;
  /** Loads modules that may define jobs and are not loaded yet; called once, for the first name that nobody knows. */
  readonly loadMore: () => Promise<void>;
  /** Has the logs of a job written before its result is known. */
  readonly flush: () => void;
  /** Log files were renamed. */
  readonly reopen: () => void;
}

/** Runs jobs, one at a time, for the worker at the other end. */
export class JobHost {
  readonly #parts: HostParts;
  #loading: Promise<void> | undefined;
  #running = false;

  constructor(parts: HostParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#parts.channel.listen((message) => {
      if (!isRequest(message)) return;
      if (message.type === "reopen") this.#parts.reopen();
      else void this.#run(message.name, message.args);
    });
    this.#send({ type: "ready" });
  }

  /**
   * Tells the worker that the job which runs cannot end well.
   * @returns whether a job runs
   */
  crashed(error: unknown): boolean {
    if (this.#running) this.#send({ type: "crashed", error: packError(error) });
    return this.#running;
  }

  async #run(name: string, args: readonly unknown[]): Promise<void> {
    this.#running = true;
    const answer = await this.#answer(name, args);
    this.#running = false;
    this.#parts.flush();
    try {
      this.#send(answer);
    } catch (error) {
      this.#send({ type: "invalid", reason: `its result cannot be copied, ${(error as Error).message}` });
    }
  }

  async #answer(name: string, args: readonly unknown[]): Promise<HostAnswer> {
    try {
      const job = findJob(name) ?? (await this.#find(name));
      if (job === undefined) return { type: "invalid", reason: unknownReason };
      return { type: "done", result: await job(...(args as never[])) };
    } catch (error) {
      return { type: "failed", error: packError(error) };
    }
  }

  async #find(name: string): Promise<AnyJob | undefined> {
    await (this.#loading ??= this.#parts.loadMore());
    return findJob(name);
  }

  #send(answer: HostAnswer): void {
    this.#parts.channel.send(marked(answer));
  }
}

const unknownReason =
  "is not defined where it should run: define it at the top level of a module that the script imports or mounts";
