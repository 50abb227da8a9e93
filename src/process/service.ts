import type { Settings } from "../config/settings.ts";
import { version } from "skitai/package.json" with { type: "json" };
import type { Controlled } from "./control.ts";
import type { ServiceStatus } from "./status.ts";
import type { ServiceManager } from "./service-manager.ts";
import type { Supervisor } from "./supervisor.ts";
import { killAfter } from "./worker-handle.ts";

/** The service as its operator sees it: its state, and the order of its stop. Spec W5, W6, U2. */
export class Service implements Controlled {
  /** Every worker has served. */
  started = false;
  readonly #settings: Settings;
  readonly #supervisor: Supervisor;
  readonly #manager: ServiceManager;
  readonly #since = performance.now();
  #stopping = false;
  #delay: NodeJS.Timeout | undefined;

  /** @param manager told what becomes of the service */
  constructor(settings: Settings, supervisor: Supervisor, manager: ServiceManager) {
    this.#manager = manager;
    this.#settings = settings;
    this.#supervisor = supervisor;
  }

  get ready(): boolean {
    return this.started && !this.#stopping;
  }

  get stopping(): boolean {
    return this.#stopping;
  }

  get patience(): number {
    const { shutdownDelay, graceTimeout } = this.#settings;
    return shutdownDelay + graceTimeout + killAfter / 1000;
  }

  async status(): Promise<ServiceStatus> {
    return {
      name: this.#settings.name,
      version,
      pid: process.pid,
      state: this.#stopping ? "stopping" : this.started ? "ready" : "starting",
      uptime: (performance.now() - this.#since) / 1000,
      url: urlOf(this.#settings),
      workers: await this.#supervisor.status(),
    };
  }

  /** @param failed instead of the log, told why it failed */
  reload(failed?: (error: Error) => void): Promise<void> {
    return this.#manager.reloading(() => this.#supervisor.reload(failed));
  }

  /**
   * Not ready any more, serving on for `shutdownDelay`, then the workers end; the second time by force. Nobody waits for a
   * service that does not serve yet.
   */
  stop(): void {
    const { shutdownDelay } = this.#settings;
    if (this.#stopping) return this.#force();
    this.#stopping = true;
    this.#manager.stopping();
    if (!this.started || shutdownDelay === 0) return this.#end();
    this.#delay = setTimeout(() => this.#end(), shutdownDelay * 1000);
  }

  #end(): void {
    this.#delay = undefined;
    this.#supervisor.stop();
  }

  #force(): void {
    if (this.#delay !== undefined) {
      clearTimeout(this.#delay);
      this.#end();
    }
    this.#supervisor.stop();
  }
}

/** Where a client on this machine finds it. */
export function urlOf({ address, port, secure }: Settings): string {
  const scheme = secure ? "https" : "http";
  if (["0.0.0.0", "::"].includes(address)) return `${scheme}://127.0.0.1:${port}`;
  return `${scheme}://${address.includes(":") ? `[${address}]` : address}:${port}`;
}
