import { Output } from "../../src/testing/output.ts";
import { Watchdog } from "../../src/testing/watchdog.ts";
import { skitaiCommand } from "./support.ts";

interface ServedOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Instead of bun and the command's sources. */
  readonly command?: readonly string[];
}

/** A running `skitai serve …` or `proxy …`, known by the line it prints; a process group of its own. */
export class Served implements AsyncDisposable {
  readonly output = new Output();
  readonly #process: Bun.Subprocess<"ignore", "pipe", "pipe">;
  readonly #watchdog: Watchdog;
  readonly url: string = "";

  private constructor(words: readonly string[], { cwd, env = {}, command = skitaiCommand }: ServedOptions) {
    this.#process = Bun.spawn([...command, ...words], {
      cwd,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...env },
      detached: true,
    });
    this.#watchdog = new Watchdog(this.#process.pid);
    this.output.collect(this.#process.stdout);
    this.output.collect(this.#process.stderr);
  }

  /** Resolves when it serves. */
  static async start(
    words: readonly string[],
    options: ServedOptions,
  ): Promise<Served & { readonly url: string }> {
    const served = new Served([...words, "--port=0"], options);
    for (const end = Date.now() + 20_000; ; await Bun.sleep(5)) {
      const url = / serves (\S+)\/ /.exec(served.output.text)?.[1];
      if (url !== undefined) return Object.assign(served, { url });
      if (served.#process.exitCode === null && Date.now() < end) continue;
      await served[Symbol.asyncDispose]();
      throw new Error(`does not serve: ${served.output.text}`);
    }
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** Ends it as a terminal does; its exit code. */
  async stop(): Promise<number> {
    this.#process.kill("SIGTERM");
    return this.#process.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      process.kill(-this.pid, "SIGKILL");
    } catch {
      // Gone already.
    }
    await this.#process.exited;
    await this.#watchdog.disarm();
  }
}
