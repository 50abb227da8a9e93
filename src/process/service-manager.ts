import type { Settings } from "../config/settings.ts";
import { monotonicMicroseconds, notify, type Supervision, takeSupervision } from "../system/sd-notify.ts";

/** What the master tells systemd of its service, when that has started it. Spec Y1. */
export class ServiceManager {
  readonly #supervision: Supervision = takeSupervision(process.env);
  #stopping = false;
  #timer: ReturnType<typeof setInterval> | undefined;

  /** Every worker serves. From now on signs of life go out, at half the time that systemd waits for one. */
  ready({ name, workers }: Pick<Settings, "name" | "workers">, url: string): void {
    const text = `${name} serves ${url}/ from ${workers} worker${workers === 1 ? "" : "s"}`;
    this.#say("READY=1", `MAINPID=${process.pid}`, `STATUS=${text}`);
    const { watchdog, socket } = this.#supervision;
    if (watchdog === undefined || socket === undefined) return;
    this.#timer = setInterval(() => this.#say("WATCHDOG=1"), (watchdog * 1000) / 2);
    this.#timer.unref();
  }

  /** Does what replaces the workers; the service is ready again behind it, whatever came of it. */
  async reloading<T>(reload: () => Promise<T>): Promise<T> {
    this.#say("RELOADING=1", `MONOTONIC_USEC=${monotonicMicroseconds()}`, "STATUS=reloading");
    try {
      return await reload();
    } finally {
      if (!this.#stopping) this.#say("READY=1", "STATUS=reloaded");
    }
  }

  stopping(): void {
    this.#stopping = true;
    this.#say("STOPPING=1", "STATUS=stopping");
  }

  #say(...lines: readonly string[]): void {
    if (this.#supervision.socket !== undefined) notify(this.#supervision.socket, ...lines);
  }
}
