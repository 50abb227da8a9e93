import type { Settings } from "../config/settings.ts";
import { version } from "skitai/package.json" with { type: "json" };
import type { Overview } from "../status/overview.ts";
import type { Controlled } from "./control.ts";
import { Cron } from "./cron.ts";
import { desk } from "./desk.ts";
import type { MasterMessage } from "./messages.ts";
import { Operator } from "./operator.ts";
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
  /** Its numbers; other rooms may add to its status page. */
  readonly operator: Operator;
  readonly reloads = { ok: 0, failed: 0 };
  #stopping = false;
  #delay: NodeJS.Timeout | undefined;

  /** @param manager told what becomes of the service */
  constructor(settings: Settings, supervisor: Supervisor, manager: ServiceManager) {
    this.#manager = manager;
    this.#settings = settings;
    this.#supervisor = supervisor;
    const cron = new Cron(desk, () => this.#stopping);
    this.operator = new Operator(this, desk, cron);
    desk.listen({
      sampled: (worker, sample) => this.operator.sampled(worker, sample),
      changed: () => cron.changed(),
      ran: (run, error) => cron.ran(run, error),
      gone: (worker) => cron.gone(worker),
      asked: (reply, id) => void this.#tell(reply, id),
      wished: (wish) => this.#grant(wish),
    });
  }

  /** What the status page shows. */
  overview(): Promise<Overview> {
    return this.operator.overview();
  }

  /** Text for Prometheus. */
  metrics(): Promise<string> {
    return this.operator.metrics();
  }

  async #tell(reply: (message: MasterMessage) => void, id: number): Promise<void> {
    reply({ type: "overview", id, overview: await this.overview() });
  }

  /** What a handler asked for; why a reload failed is logged. Spec U3. */
  #grant(wish: "restart" | "shutdown"): void {
    if (wish === "restart") void this.reload().catch(() => {});
    else if (!this.#stopping) this.stop();
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
    return this.#manager.reloading(async () => {
      try {
        await this.#supervisor.reload(failed);
        this.reloads.ok++;
      } catch (error) {
        this.reloads.failed++;
        throw error;
      }
    });
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
