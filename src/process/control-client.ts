import { isHeld, pidIn, socketOf } from "./service-files.ts";
import type { ServiceStatus } from "./status.ts";

/** A service that runs, as others see it. */
export class RunningService {
  readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
  }

  /** False when it is gone. */
  get runs(): boolean {
    return isHeld(this.directory);
  }

  pid(): Promise<number | undefined> {
    return pidIn(this.directory);
  }

  async status(): Promise<ServiceStatus> {
    return (await this.#ask("GET", "/status")).json() as Promise<ServiceStatus>;
  }

  /** @returns seconds that it may take */
  async stop(): Promise<number> {
    const { patience } = (await (await this.#ask("POST", "/stop")).json()) as { patience: number };
    return patience;
  }

  /** @returns why the new version does not serve, if it does not */
  async reload(): Promise<string | undefined> {
    const { error } = (await (await this.#ask("POST", "/reload")).json()) as { error?: string };
    return error;
  }

  /** Its socket is there a moment after its lock. */
  async #ask(method: string, path: string): Promise<Response> {
    for (const end = Date.now() + 2000; ; await Bun.sleep(10)) {
      try {
        return await fetch(`http://localhost${path}`, { method, unix: socketOf(this.directory) });
      } catch (error) {
        if (Date.now() > end || !this.runs) throw error;
      }
    }
  }
}
