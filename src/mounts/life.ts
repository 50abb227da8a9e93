import { acceptedInterval, intervalOf } from "../config/hooks.ts";
import type { App, Extension, Hooks } from "../config/mount-types.ts";
import type { MountPreference } from "../config/preference.ts";
import { SkitaiError } from "../errors.ts";
import type { HookName, Life, Site } from "./mount.ts";

/** What a module may export beside its app. */
type Exports = Hooks & Partial<Extension> & { __setup__?(pref: MountPreference): unknown };

/** The life of one mounted app: its module's functions and its mount's hooks, in the order that `Hooks` documents. Spec E13. */
export class AppLife implements Life {
  readonly #app: App;
  readonly #exports: Exports;
  readonly #preference: MountPreference;
  readonly #hooks: readonly Hooks[];
  readonly #name: string;

  /** @throws SkitaiError OPTION_INVALID for an interval that its module exports */
  constructor(app: App, { point, preference, exports = {} }: Site) {
    this.#app = app;
    this.#exports = exports as Exports;
    this.#preference = preference;
    this.#hooks = [this.#exports, preference.options.hooks ?? {}];
    this.#name = `mount("${point || "/"}")`;
    const { maintainInterval: value } = this.#exports;
    if (intervalOf({ ...(value === undefined ? {} : { maintainInterval: value }) }) === undefined)
      throw new SkitaiError("OPTION_INVALID", {
        name: `${this.#name} maintainInterval`,
        value,
        accepted: acceptedInterval,
      });
  }

  /** @throws SkitaiError MOUNT_INVALID with what a function of it threw as cause */
  async begin(): Promise<void> {
    const pref = this.#preference;
    await this.#call("__setup__", () => this.#exports.__setup__?.(pref));
    await this.#call("config", () => giveConfig(this.#app, pref.config));
    await this.run("beforeMount");
    for (const { point, module } of pref.extensions)
      await this.#call(`${point || "/"} __mount__`, () =>
        module.__mount__(viewOf(this.#app, point), pref, point),
      );
    await this.#call("__mount__", () => this.#exports.__mount__?.(this.#app, pref, ""));
  }

  async run(name: HookName, failed?: (error: unknown) => void): Promise<void> {
    for (const hooks of this.#hooks) {
      if (typeof hooks[name] === "function")
        await this.#call(name, () => hooks[name]?.(this.#app, this.#preference), failed);
    }
  }

  async end(failed: (error: unknown) => void): Promise<void> {
    await this.#call("__umount__", () => this.#exports.__umount__?.(), failed);
    for (const { point, module } of this.#preference.extensions.toReversed())
      await this.#call(`${point || "/"} __umount__`, () => module.__umount__?.(), failed);
    await this.run("umounted", failed);
  }

  maintain(failed: (error: unknown) => void): () => void {
    const timers = this.#hooks.map((hooks) => {
      if (typeof hooks.maintain !== "function") return undefined;
      let count = 0;
      let running = false;
      const turn = async (): Promise<void> => {
        if (running) return;
        running = true;
        await this.#call("maintain", () => hooks.maintain?.(Date.now(), ++count), failed);
        running = false;
      };
      return setInterval(turn, intervalOf(hooks)! * 1000).unref();
    });
    return () => timers.forEach((timer) => clearInterval(timer));
  }

  async #call(name: string, act: () => unknown, failed?: (error: unknown) => void): Promise<void> {
    try {
      await act();
    } catch (cause) {
      const reason = cause instanceof Error ? `${cause.name}: ${cause.message}` : Bun.inspect(cause);
      const error = new SkitaiError("MOUNT_INVALID", {
        name: `${this.#name} ${name}`,
        accepted: `threw ${reason.replace(/\s+/g, " ")}`,
        cause,
      });
      if (failed === undefined) throw error;
      failed(error);
    }
  }
}

function giveConfig(app: App, config: Record<string, unknown>): void {
  const own = (app as { config?: unknown }).config;
  if (typeof own === "object" && own !== null) Object.assign(own, config);
}

/** Routes that are added to the view of a Hono app land in the app itself, below `point`. */
function viewOf(app: App, point: string): unknown {
  if (point === "" || !("basePath" in app) || typeof app.basePath !== "function") return app;
  return app.basePath(point);
}
