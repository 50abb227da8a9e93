import type { WorkerHandle } from "./worker-handle.ts";

/** How long (ms) a worker that starts is kept from speaking at most: what it says may be why it does not start. */
const patience = 1000;
/** Bytes kept of one worker. */
const most = 64 * 1024;

/**
 * What workers write to stderr: passed on as it comes, but for a start that fails, of which every worker says the same:
 * that is said once.
 */
export class WorkerOutput {
  readonly #write: (bytes: Uint8Array | string) => void;
  #said = new Set<string>();
  readonly #failing = new Set<Promise<void>>();
  readonly #read = new Set<Promise<void>>();

  constructor(write: (bytes: Uint8Array | string) => void = (bytes) => void process.stderr.write(bytes)) {
    this.#write = write;
  }

  /** Another version is started: what was said of the last one may be said again. */
  begin(): void {
    this.#said = new Set();
  }

  /** What workers that did not start have said, when they have ended. */
  async failure(): Promise<string> {
    await Promise.race([Promise.all(this.#failing), Bun.sleep(patience)]);
    return [...this.#said].join("\n");
  }

  /** Resolves when the last words of workers that have ended are written. */
  async over(): Promise<void> {
    await Promise.race([Promise.all([...this.#read, ...this.#failing]), Bun.sleep(patience)]);
  }

  follow(worker: Pick<WorkerHandle, "opened" | "exited">, stderr: ReadableStream<Uint8Array>): void {
    const held = new HeldBack(this.#write);
    const timer = setTimeout(() => held.release(), patience);
    const ended = held.read(stderr);
    this.#read.add(ended);
    void ended.then(() => this.#read.delete(ended));
    const watched = worker.opened.then(async (opened) => {
      clearTimeout(timer);
      if (opened) return held.release();
      const { signal } = await worker.exited;
      await Promise.race([ended, Bun.sleep(patience)]);
      this.#say(held, signal === null);
    });
    this.#failing.add(watched);
    void watched.then(() => this.#failing.delete(watched));
  }

  /** @param whole false of a worker that was ended as another had failed: it may have said half of the same */
  #say(held: HeldBack, whole: boolean): void {
    const { text } = held;
    const known = this.#said.has(text) || (!whole && this.#said.size > 0);
    if (text.trim() === "" || known) return held.forget();
    this.#said.add(text);
    held.release();
  }
}

/** Bytes that may be wanted later. */
class HeldBack {
  readonly #write: (bytes: Uint8Array) => void;
  #kept: Uint8Array[] | undefined = [];
  #start: Uint8Array[] = [];
  #size = 0;

  constructor(write: (bytes: Uint8Array) => void) {
    this.#write = write;
  }

  /** The first of what came, written or not. */
  get text(): string {
    return new TextDecoder().decode(Buffer.concat(this.#start));
  }

  async read(stream: ReadableStream<Uint8Array>): Promise<void> {
    for await (const bytes of stream) {
      if (this.#size < most) this.#start.push(bytes);
      this.#size += bytes.length;
      if (this.#kept === undefined) this.#write(bytes);
      else this.#kept.push(bytes);
      if (this.#size >= most) this.release();
    }
  }

  /** From here on everything is written as it comes. */
  release(): void {
    for (const bytes of this.#kept ?? []) this.#write(bytes);
    this.#kept = undefined;
  }

  forget(): void {
    this.#kept = [];
  }
}
