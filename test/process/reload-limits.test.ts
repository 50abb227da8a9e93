import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "bun:test";
import type { ServiceStatus } from "../../src/process/status.ts";
import { RawConnection } from "../support/raw-connection.ts";
import { eventually, Pinned, Service } from "./support.ts";

/** A service of versions with a control socket of its own. */
class Versioned implements AsyncDisposable {
  readonly #folder: string;
  readonly service: Service;

  private constructor(folder: string, service: Service) {
    this.#folder = folder;
    this.service = service;
  }

  static async start(...args: string[]): Promise<Versioned> {
    const folder = mkdtempSync(join(tmpdir(), "limits-"));
    const VERSION = join(folder, "version");
    writeFileSync(VERSION, "v0");
    const env = { VERSION, SKITAI_RUN_DIRECTORY: join(folder, "run") };
    const service = await Service.ready("versioned.ts", { args, env });
    return new Versioned(folder, service);
  }

  release(version: string): void {
    writeFileSync(join(this.#folder, "version"), version);
  }

  async control(path: string, method = "GET"): Promise<Response> {
    const unix = join(this.#folder, `run-${await this.service.port()}`, "control");
    return await fetch(`http://localhost${path}`, { method, unix });
  }

  async states(): Promise<string[]> {
    const { workers } = (await (await this.control("/status")).json()) as ServiceStatus;
    return workers.map(({ index, state }) => `${index} ${state}`);
  }

  async version(): Promise<string> {
    using pin = await Pinned.open(await this.service.port());
    return (await pin.get()).body;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.service[Symbol.asyncDispose]();
    rmSync(this.#folder, { recursive: true });
  }
}

test("[W4] an event stream that outlives the grace time of a reload is cut at its end, and that is logged", async () => {
  await using versioned = await Versioned.start("--grace-timeout=0.5");
  const { service } = versioned;
  using connection = await RawConnection.open(await service.port());
  connection.write("GET /events HTTP/1.1\r\nHost: a\r\n\r\n");
  const answer = connection.answer({ seconds: 8 }).then(
    ({ body }) => body,
    (error: Error) => error.message,
  );
  versioned.release("v1");
  expect((await versioned.control("/reload", "POST")).status).toBe(200);
  expect(await versioned.version()).toBe("v1");
  expect((await answer).includes("data: 39")).toBe(false);
  await eventually(() =>
    service.stdout.text.includes("requests were still running after 0.5 s and were cut"),
  );
  await eventually(async () => (await service.workers()).length === 1);
});

test("[W4] reloads asked for during a reload are served by one, and the last version wins", async () => {
  await using versioned = await Versioned.start("--workers=2");
  const { service } = versioned;
  const before = await service.workers();
  versioned.release("v1");
  const first = versioned.control("/reload", "POST");
  await eventually(async () => (await service.workers()).length > 2);
  versioned.release("v2");
  const second = versioned.control("/reload", "POST");
  const third = versioned.control("/reload", "POST");
  const answers = await Promise.all([first, second, third]);
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
  for (let n = 0; n < 6; n++) expect(await versioned.version()).toBe("v2");
  const after = await eventually(async () => {
    const now = await service.workers();
    return now.length === 2 && now;
  });
  expect(after.filter((pid) => before.includes(pid))).toEqual([]);
});

test("[W6] status shows the worker that a reload has replaced while it finishes a request", async () => {
  await using versioned = await Versioned.start();
  expect(await versioned.states()).toEqual(["0 serving"]);
  using pin = await Pinned.open(await versioned.service.port());
  const slow = pin.get("/slow");
  // The request is with the worker when a second one on another connection is answered.
  await versioned.version();
  await versioned.control("/reload", "POST");
  expect(await versioned.states()).toEqual(["0 serving", "0 stopping"]);
  expect((await slow).body).toBe("v0");
  await eventually(async () => (await versioned.states()).length === 1);
});
