import type { Settings } from "../config/settings.ts";
import type { Certificates } from "../tls/certificates.ts";
import { hasLimits, Recycler } from "./recycle.ts";
import { replaceWorkers } from "./reload.ts";
import { ReuseportGroup } from "./reload-group.ts";
import type { WorkerIndex } from "./quic.ts";
import type { WorkerStatus } from "./status.ts";
import { type Onlooker, WorkerHandle } from "./worker-handle.ts";
import { note, WorkerSlot } from "./worker-slot.ts";

/** Milliseconds between two looks at what limits workers. */
const recycleCheck = 1000;

/** Keeps the wanted number of workers alive. Spec W1, W5. */
export class Supervisor {
  /** Exit code of the service, when all workers are gone after a stop: 0, or 2 when one had to be killed. */
  readonly ended: Promise<0 | 2>;
  readonly #end: (code: 0 | 2) => void;
  readonly #workers: number;
  /** ms */
  readonly #grace: number;
  readonly #quic: boolean;
  readonly #make: (index: WorkerIndex) => WorkerHandle;
  readonly #certificates: Pick<Certificates, "setup" | "refresh"> | undefined;
  readonly #slots = new Set<WorkerSlot>();
  readonly #group = new ReuseportGroup();
  /** Workers that have no slot: not yet, or not any more. */
  readonly #others = new Set<WorkerHandle>();
  #reloading: Promise<unknown> = Promise.resolve();
  #waiting: Promise<void> | undefined;
  readonly #recycler: Recycler | undefined;
  #stopping = false;
  #forced = false;

  /**
   * @param words descriptor of the file that the workers share
   * @param certificates what a new worker is to show
   * @param onlooker told of every worker
   */
  constructor(
    settings: Settings,
    command: readonly string[],
    words: number,
    certificates?: Pick<Certificates, "setup" | "refresh">,
    onlooker?: Onlooker,
  ) {
    const { promise, resolve } = Promise.withResolvers<0 | 2>();
    this.ended = promise;
    this.#end = resolve;
    this.#workers = settings.workers;
    this.#grace = settings.graceTimeout * 1000;
    this.#quic = settings.quic !== false;
    this.#recycler = hasLimits(settings) ? new Recycler(settings) : undefined;
    this.#make = (index) =>
      new WorkerHandle(index, settings, command, () => certificates?.setup, words, onlooker);
    this.#certificates = certificates;
  }

  /**
   * True when every worker serves, false when the service was stopped before.
   * @throws SkitaiError LAUNCH_FAILED when one cannot be started; no worker is left then
   */
  async start(): Promise<boolean> {
    const slots = Array.from({ length: this.#workers }, () => this.#add());
    if (this.#quic) slots.push(this.#add("quic"));
    try {
      await Promise.all(slots.map(({ served }) => served));
      if (!this.#stopping) void this.#recycle();
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
    for (const worker of this.#others) worker.stop();
  }

  /**
   * Replaces all workers without losing a request; a reload that waits for the one before it serves all who ask for it.
   * Resolves when new connections reach new workers only. Spec W4.
   * @param failed told why before it rejects; default a line in the log
   * @throws SkitaiError LAUNCH_FAILED when a new worker does not start; the old ones serve on
   */
  reload(failed = sayFailed): Promise<void> {
    this.#waiting ??= this.#reload(this.#reloading, failed);
    return this.#waiting;
  }

  #reload(before: Promise<unknown>, failed: (error: Error) => void): Promise<void> {
    const reload = async (): Promise<void> => {
      await Promise.allSettled([before, this.#served()]);
      this.#waiting = undefined;
      this.#certificates?.refresh();
      await this.#replace([...this.#slots].filter(({ retired }) => !retired));
    };
    const result = reload().catch((error: Error) => {
      failed(error);
      throw error;
    });
    this.#reloading = result;
    return result;
  }

  /** One worker after another, those that have reached a limit. Spec W3. */
  async #recycle(): Promise<void> {
    const recycler = this.#recycler;
    while (recycler !== undefined && !this.#stopping) {
      await Bun.sleep(recycleCheck);
      for (const slot of [...this.#slots]) {
        const { serving } = slot;
        const reason = serving && !slot.retired ? await recycler.reason(serving) : undefined;
        if (serving === undefined || reason === undefined || slot.serving !== serving) continue;
        note(`worker #${slot.index} is replaced: ${reason}`);
        const replaced = this.#reloading
          .catch(() => {})
          .then(() => this.#replace(slot.retired ? [] : [slot]));
        this.#reloading = replaced;
        await replaced.catch((error: Error) =>
          note(`worker #${slot.index} was not replaced: ${error.message}`),
        );
        // Never more than one worker too many: the next one's turn comes when it has ended, or could have.
        await Promise.race([serving.exited, Bun.sleep(this.#grace)]);
      }
    }
  }

  #served(): Promise<unknown> {
    return Promise.allSettled([...this.#slots].map(({ served }) => served));
  }

  #replace(slots: readonly WorkerSlot[]): Promise<void> {
    return replaceWorkers(slots, {
      group: this.#group,
      spawn: (index) => this.#watch(this.#make(index)),
      exchanged: (before, next) => {
        this.#others.delete(next);
        if (before !== undefined) this.#watch(before);
      },
      stopping: () => this.#stopping,
    });
  }

  #watch(worker: WorkerHandle): WorkerHandle {
    this.#others.add(worker);
    void worker.exited.then(() => {
      this.#others.delete(worker);
      this.#forced ||= this.#stopping && worker.killed;
      this.#checkEnd();
    });
    return worker;
  }

  /** Of every worker there is, by its number; those that come or go in a reload behind the one that has the place. */
  async status(): Promise<WorkerStatus[]> {
    const all = await Promise.all([...this.#slots, ...this.#others].map((each) => each.status()));
    return all.filter((each) => each !== undefined).sort(byPlace);
  }

  signal(signal: NodeJS.Signals): void {
    for (const slot of this.#slots) slot.signal(signal);
    for (const worker of this.#others) worker.signal(signal);
  }

  /** One worker more, or one less, never none. Spec W5. */
  resize(by: 1 | -1): void {
    if (this.#stopping) return;
    if (by === 1) {
      const slot = this.#add();
      slot.served.catch((error) => note(`worker #${slot.index} was not added: ${error.message}`));
      return;
    }
    const active = [...this.#slots].filter(({ retired, index }) => !retired && index !== "quic");
    if (active.length > 1) void this.#drop(active.at(-1)!);
  }

  async #drop(slot: WorkerSlot): Promise<void> {
    const worker = slot.release();
    if (worker === undefined) return;
    await this.#group.exclusively(() => this.#group.dismiss([worker]));
    if (!worker.stopping) worker.stop();
  }

  #spawn(index: WorkerIndex): WorkerHandle {
    const worker = this.#make(index);
    void worker.opened.then((opened) => {
      if (opened && index === "quic") worker.bind();
      else if (opened) void this.#group.exclusively(() => this.#group.bind(worker));
    });
    return worker;
  }

  #add(index: WorkerIndex = this.#freeIndex()): WorkerSlot {
    const slot = new WorkerSlot(index, (index) => this.#spawn(index));
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
    for (const worker of this.#others) worker.kill();
    this.#checkEnd();
  }

  #checkEnd(): void {
    if (this.#stopping && this.#slots.size === 0 && this.#others.size === 0) this.#end(this.#forced ? 2 : 0);
  }
}

const sayFailed = ({ message }: Error): void =>
  note(`reload failed, the workers before it serve on: ${message}`);

/** The one of HTTP/3 is behind those that have numbers. */
const byPlace = (one: WorkerStatus, other: WorkerStatus): number => placeOf(one) - placeOf(other);
const placeOf = ({ index }: WorkerStatus): number => (index === "quic" ? Number.MAX_SAFE_INTEGER : index);
