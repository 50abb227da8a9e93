import { expect, test } from "bun:test";
import { join } from "node:path";
import type { Order } from "./fixtures/worker.ts";
import { Bench } from "./support.ts";

interface Reply {
  readonly text?: string;
  readonly how?: string;
}

/** A process of its own with a cache in `directory`. */
class Worker implements AsyncDisposable {
  readonly #child: Bun.Subprocess;
  #next = Promise.withResolvers<Reply>();

  constructor(directory: string) {
    this.#child = Bun.spawn([process.execPath, join(import.meta.dir, "fixtures/worker.ts"), directory], {
      stdio: ["ignore", "inherit", "inherit"],
      serialization: "json",
      ipc: (reply: Reply) => this.#next.resolve(reply),
    });
    void this.#child.exited.then(() => this.#next.reject(new Error("the worker ended")));
  }

  ready(): Promise<Reply> {
    return this.#next.promise;
  }

  async do(order: Order): Promise<Reply> {
    await this.#next.promise;
    this.#next = Promise.withResolvers();
    this.#child.send(order);
    return this.#next.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#next.promise.catch(() => {});
    this.#child.kill("SIGKILL");
    await this.#child.exited;
  }
}

const fields = { "cache-control": "max-age=600", "cache-tag": "all" };

test("[C1][C2] processes share the disk, and a purge in one is seen by the memory of the others at once", async () => {
  await using bench = Bench.onDisk(() => ({ fields, body: `${Math.random()}` }));
  await using one = new Worker(bench.directory);
  await using two = new Worker(bench.directory);
  await Promise.all([one.ready(), two.ready()]);
  const url = bench.url("/a");
  let last = "";
  for (const purge of [{ url }, { prefix: bench.url("/") }, { tag: "all" }, { all: true }]) {
    const { text } = await one.do({ ask: url });
    expect(text).not.toBe(last);
    // The other finds it on disk when the first has written it, which nobody waits for.
    for (let reply = await two.do({ ask: url }); !reply.how!.includes("hit");)
      reply = await two.do({ ask: url });
    for (let reply = await one.do({ ask: url }); !reply.how!.includes("hit");)
      reply = await one.do({ ask: url });
    last = (await two.do({ ask: url })).text!;
    const before = bench.seen.length;
    await one.do({ purge });
    const after = await two.do({ ask: url });
    expect([purge, after.how, bench.seen.length - before]).toEqual([
      purge,
      expect.stringMatching(/fwd=(uri|vary)-miss; fwd-status=200; stored/),
      1,
    ]);
    expect(after.text).not.toBe(last);
    await one.do({ purge });
  }
});

test("[C1] what a process stored before it was killed is a hit for the next one", async () => {
  await using bench = Bench.onDisk(() => ({ fields }));
  const url = bench.url("/a");
  {
    await using one = new Worker(bench.directory);
    await one.do({ ask: url });
    // It is written when another finds it.
    const third = bench.another();
    const request = { method: "GET", url, fields: [["Cache-Control", "only-if-cached"]] } as const;
    while ((await third.answer(request, bench.forward)).status === 504) await Bun.sleep(1);
    await third.close();
  }
  await using two = new Worker(bench.directory);
  expect(await two.do({ ask: url })).toMatchObject({ text: "body 1", how: expect.stringContaining("hit") });
  expect(bench.seen.length).toBe(1);
});
