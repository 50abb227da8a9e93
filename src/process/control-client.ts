import { isAlive, isHeld, pidIn, socketOf } from "./service-files.ts";
import type { ServiceStatus } from "./status.ts";

/** Milliseconds between two looks whether it is gone. */
const glance = 10;

/** Milliseconds for an answer that is there at once, unless the service is stuck. */
const answerTime = 3000;

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
    return (await this.#ask("GET", "/status", answerTime)).json() as Promise<ServiceStatus>;
  }

  /** Stops it and waits for its end. @returns why it still runs, if it does */
  async end(): Promise<string | undefined> {
    const pid = await this.pid();
    // No answer: it ends just now, or it is stuck.
    const patience = await this.stop().catch(() => undefined);
    const end = Date.now() + ((patience ?? 0) + 1) * 1000;
    while (this.runs || (pid !== undefined && isAlive(pid))) {
      if (Date.now() > end)
        return `pid ${pid}, ${patience === undefined ? "does not answer" : `did not stop in ${patience} s`}`;
      await Bun.sleep(glance);
    }
    return undefined;
  }

  /** @returns seconds that it may take */
  async stop(): Promise<number> {
    const { patience } = (await (await this.#ask("POST", "/stop", answerTime)).json()) as {
      patience: number;
    };
    return patience;
  }

  /** @returns why the new version does not serve, if it does not */
  async reload(): Promise<string | undefined> {
    const { error } = (await (await this.#ask("POST", "/reload")).json()) as { error?: string };
    return error;
  }

  /** Its socket is there a moment after its lock. */
  async #ask(method: string, path: string, patience?: number): Promise<Response> {
    for (const end = Date.now() + 2000; ; await Bun.sleep(10)) {
      try {
        return await fetch(`http://localhost${path}`, {
          method,
          unix: socketOf(this.directory),
          ...(patience === undefined ? {} : { signal: AbortSignal.timeout(patience) }),
        });
      } catch (error) {
        if (Date.now() > end || !this.runs) throw error;
      }
    }
  }
}
