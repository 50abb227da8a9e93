import type { ApplicationLog } from "../log/application.ts";
import type { HookName, Mount } from "../mounts/mount.ts";

/** The lives of all apps of a worker, in the order that `Hooks` documents. What fails after the start is logged. Spec E13. */
export class AppLives {
  readonly #mounts: readonly Mount[];
  readonly #failed: (error: unknown) => void;
  #reloading: Promise<void> | undefined;
  #endMaintenance: readonly (() => void)[] = [];

  /** @param placed in the order of their declaration */
  constructor(placed: readonly { readonly mount: Mount }[], log: ApplicationLog) {
    this.#mounts = placed.map(({ mount }) => mount);
    this.#failed = (error) => log.traceback(error);
  }

  /** @throws SkitaiError MOUNT_INVALID when a hook does */
  async mounted(): Promise<void> {
    for (const { life } of this.#mounts) await life?.run("mounted");
  }

  /** From now on `maintain` is called. */
  maintain(): void {
    this.#endMaintenance = this.#mounts.flatMap(({ life }) => life?.maintain(this.#failed) ?? []);
  }

  /** Another worker takes its place; it is about to stop. */
  beforeReload(): void {
    this.#reloading = this.#runAll("beforeReload", this.#mounts.toReversed());
  }

  /** It has taken the place of another worker. */
  reloaded(): Promise<void> {
    return this.#runAll("reloaded", this.#mounts);
  }

  /** The worker stops; requests may still be running. */
  async beforeUmount(): Promise<void> {
    for (const end of this.#endMaintenance) end();
    await this.#reloading;
    await this.#runAll("beforeUmount", this.#mounts.toReversed());
  }

  async #runAll(name: HookName, mounts: readonly Mount[]): Promise<void> {
    for (const { life } of mounts) await life?.run(name, this.#failed);
  }

  /** No request is left. */
  async umount(): Promise<void> {
    for (const mount of this.#mounts.toReversed()) {
      await mount.life?.end(this.#failed);
      await Promise.try(() => mount.close?.()).catch(this.#failed);
    }
  }
}
