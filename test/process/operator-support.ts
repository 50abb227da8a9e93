import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Overview } from "../../src/status/overview.ts";
import { Service } from "./support.ts";

/** A service with metrics, schedules and a status page, and its control socket. */
export class Watched implements AsyncDisposable {
  readonly base = mkdtempSync(join(tmpdir(), "operator-"));
  service!: Service;
  #directory = "";

  static async start(
    args: readonly string[] = [],
    env: Readonly<Record<string, string>> = {},
    command?: readonly string[],
  ): Promise<Watched> {
    const watched = new Watched();
    const given = join(watched.base, "run");
    const variables = { SKITAI_RUN_DIRECTORY: given, RUNS: watched.runs, ...env };
    watched.service = await Service.ready("operator.ts", {
      args,
      env: variables,
      ...(command === undefined ? {} : { command }),
    });
    watched.#directory = `${given}-${await watched.service.port()}`;
    return watched;
  }

  /** Where runs are written. */
  get runs(): string {
    return join(this.base, "runs");
  }

  /** Lines of it: `begin 123`. */
  async lines(): Promise<string[]> {
    const text = await Bun.file(this.runs)
      .text()
      .catch(() => "");
    return text.split("\n").filter(Boolean);
  }

  ask(path: string, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(`http://localhost${path}`, { headers, unix: join(this.#directory, "control") });
  }

  async overview(): Promise<Overview> {
    return (await this.ask("/")).json() as Promise<Overview>;
  }

  /** Values by name and labels, as they stand in the text. */
  async metrics(): Promise<Map<string, number>> {
    const text = await (await this.ask("/metrics")).text();
    const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    return new Map(
      lines.map((line) => {
        const blank = line.lastIndexOf(" ");
        return [line.slice(0, blank), Number(line.slice(blank + 1))];
      }),
    );
  }

  async get(path: string): Promise<string> {
    return (await fetch(await this.service.url(path))).text();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.service[Symbol.asyncDispose]();
    rmSync(this.base, { recursive: true, force: true });
  }
}
