import type { Settings } from "../config/options.ts";
import { WorkerHandle } from "./worker-handle.ts";
import { note, WorkerSlot } from "./worker-slot.ts";

/** Keeps the wanted number of workers alive. Spec W1, W5. */
export class Supervisor {
  /** Exit code of the service, when all workers are gone after a stop: 0, or 2 when one had to be killed. */
  readonly ended: Promise<0 | 2>;
  readonly #end: (code: 0 | 2) => void;
  readonly #workers: number;
  readonly #spawn: (index: number) => WorkerHandle;
  readonly #slots = new Set<WorkerSlot>();
  #stopping = false;
  #forced = false;

  constructor(settings: Settings, command: readonly string[]) {
    const { promise, resolve } = Promise.withResolvers<0 | 2>();
    this.ended = promise;
    this.#end = resolve;
    this.#workers = settings.workers;
    this.#spawn = (index) => new WorkerHandle(index, settings, command);
  }

  /**
   * True when every worker serves, false when the service was stopped before.
   * @throws SkitaiError LAUNCH_FAILED when one cannot be started; no worker is left then
   */
  async start(): Promise<boolean> {
    const slots = Array.from({ length: this.#workers }, () => this.#add());
    try {
      await Promise.all(slots.map(({ served }) => served));
      return !this.#stopping;
    } catch (error) {
      if (this.#stopping) return false;
      this.#stopping = true;
      this.#kill();
      await this.ended;
      throw error;
    }
  }

  /** Graceful the first time, by force the second. */
  stop(): void {
    if (this.#stopping) return this.#kill();
    this.#stopping = true;
    for (const slot of this.#slots) slot.retire();
  }

  signal(signal: NodeJS.Signals): void {
    for (const slot of this.#slots) slot.signal(signal);
  }

  /** One worker more, or one less, never none. Spec W5. */
  resize(by: 1 | -1): void {
    if (this.#stopping) return;
    if (by === 1) {
      const slot = this.#add();
      slot.served.catch((error) => note(`worker #${slot.index} was not added: ${error.message}`));
      return;
    }
    const active = [...this.#slots].filter(({ retired }) => !retired);
    if (active.length > 1) active.at(-1)?.retire();
  }

  #add(): WorkerSlot {
    const slot = new WorkerSlot(this.#freeIndex(), this.#spawn);
    this.#slots.add(slot);
    void slot.ended.then(() => this.#gone(slot));
    return slot;
  }

  /** The lowest number no worker has, one that still drains included. */
  #freeIndex(): number {
    const taken = new Set([...this.#slots].map(({ index }) => index));
    let index = 0;
    while (taken.has(index)) index++;
    return index;
  }

  #gone(slot: WorkerSlot): void {
    this.#slots.delete(slot);
    this.#forced ||= this.#stopping && slot.forced;
    this.#checkEnd();
  }

  #kill(): void {
    for (const slot of this.#slots) slot.kill();
    this.#checkEnd();
  }

  #checkEnd(): void {
    if (this.#stopping && this.#slots.size === 0) this.#end(this.#forced ? 2 : 0);
  }
}
