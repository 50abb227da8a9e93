import { expect, test } from "bun:test";
import { Lock } from "../../src/state/lock.ts";
import { LockQueue } from "../../src/state/lock-queue.ts";
import { type Pinned, pinEach, Service } from "../process/support.ts";

const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => "no error",
    (error: { code?: string }) => error.code ?? error,
  );
const start = (workers: number): Promise<Service> =>
  Service.ready("../../state/fixtures/locks.ts", { args: [`--workers=${workers}`] });
const ask = async (pin: Pinned, path: string): Promise<unknown> => JSON.parse((await pin.get(path)).body);

test("[H4] a queue gives in the order of asking, skips who left, and forgets who is gone", () => {
  const queue = new LockQueue<string>();
  const granted: string[] = [];
  const want = (owner: string, id: number, name = "x"): void =>
    queue.ask(name, owner, id, () => granted.push(`${name} ${owner}${id}`));
  want("a", 1);
  want("b", 1);
  want("a", 2);
  want("c", 1);
  want("b", 9, "y");
  expect(granted).toEqual(["x a1", "y b9"]);
  queue.leave("x", "a", 2);
  queue.leave("x", "b", 5);
  queue.leave("z", "a", 1);
  expect(granted.length).toBe(2);
  queue.drop("b");
  queue.leave("x", "a", 1);
  queue.leave("x", "a", 1);
  expect([granted.slice(2), queue.size]).toEqual([["x c1"], 1]);
  queue.drop("c");
  queue.drop("c");
  expect(queue.size).toBe(0);
});

test("[H4] outside a service it holds among the parts of one process; released once, by using, by run, by an error", async () => {
  const order: number[] = [];
  const first = await new Lock("x").acquire();
  const others = [1, 2, 3].map((number) => new Lock("x").run(() => void order.push(number)));
  expect(await codeOf(new Lock("x").acquire({ timeout: 0.01 }))).toBe("LOCK_TIMEOUT");
  await new Lock("y").run(() => {});
  expect(order).toEqual([]);
  first.release();
  first.release();
  await Promise.all(others);
  expect(order).toEqual([1, 2, 3]);
  {
    await using _hold = await new Lock("x").acquire({ timeout: 1 });
    expect(await codeOf(new Lock("x").run(() => {}, { timeout: 0.01 }))).toBe("LOCK_TIMEOUT");
  }
  expect(await codeOf(new Lock("x").run(() => Promise.reject({ code: "mine" })))).toBe("mine");
  expect(await new Lock("x").run(() => "result")).toBe("result");
});

test("[H4] who would wait for itself is refused", async () => {
  const lock = new Lock("x");
  const hold = await lock.acquire();
  expect(await codeOf(lock.acquire())).toBe("LOCK_REENTERED");
  expect(await codeOf(lock.run(() => {}))).toBe("LOCK_REENTERED");
  hold.release();
  let late: Promise<unknown> | undefined;
  const release = Promise.withResolvers<void>();
  await lock.run(async () => {
    expect(await codeOf(new Lock("x").run(() => {}))).toBe("LOCK_REENTERED");
    expect(await codeOf(new Lock("x").acquire())).toBe("LOCK_REENTERED");
    await new Lock("y").run(async () => {
      expect(await codeOf(new Lock("x").acquire())).toBe("LOCK_REENTERED");
    });
    late = release.promise.then(() => new Lock("x").run(() => "not inside any more"));
  });
  release.resolve();
  expect(await late).toBe("not inside any more");
  (await lock.acquire()).release();
});

test("[H4] what is no name, and no time, is refused", async () => {
  for (const wrong of ["", "x".repeat(101), 5, undefined])
    expect(() => new Lock(wrong as string)).toThrow("a text of 1 to 100 characters");
  for (const timeout of [0, -1, Number.NaN])
    expect(await codeOf(new Lock("x").acquire({ timeout }))).toBe("STATE_INVALID");
  expect(await new Lock("x").run(() => "free")).toBe("free");
});

test("[H4] four workers, 10,000 rounds each: never two at once, and nobody waits for more than all others", async () => {
  await using service = await start(4);
  const pins = [...(await pinEach(await service.port(), await service.workers())).values()];
  const count = 10_000;
  const waits = (await Promise.all(pins.map((pin) => ask(pin, `/rounds?number=${count}`)))) as {
    usual: number;
    longest: number;
  }[];
  expect(await ask(pins[0]!, "/state?name=rounds")).toBe(4 * count);
  expect(await ask(pins[1]!, "/state?name=worst")).toBe(0);
  // The other three, and whoever the master has heard sooner. A process that gets no CPU has asked before the master knows.
  for (const { usual, longest } of waits) {
    expect(usual).toBeLessThanOrEqual(8);
    expect(longest).toBeLessThan(count / 2);
  }
  for (const pin of pins) pin[Symbol.dispose]();
}, 40_000);

test("[H4] a lock is free at once when the worker that has it is killed -9, or ends; requests time out and do not re-enter", async () => {
  await using service = await start(2);
  const port = await service.port();
  const pins = await pinEach(port, await service.workers());
  const [[victim, holder], [, waiter]] = [...pins] as [[number, Pinned], [number, Pinned]];
  expect(await ask(holder, "/hold?name=a")).toBe(1);
  expect(await ask(holder, "/hold?name=b")).toBe(2);
  expect(await ask(waiter, "/once?name=a&number=0.05")).toBe("LOCK_TIMEOUT");
  expect(await ask(waiter, "/using?name=c")).toBe("mine");
  expect(await ask(waiter, "/twice?name=c")).toBe("LOCK_REENTERED");
  expect(await ask(holder, "/twice?name=c")).toBe("LOCK_REENTERED");
  expect(await ask(waiter, "/apart?name=c")).toEqual([1, 2, 3]);
  await ask(holder, "/release?name=b");
  expect(await ask(waiter, "/once?name=b&number=5")).toBe("mine");
  const waiting = ask(waiter, "/once?name=a");
  expect(await Promise.race([waiting, Bun.sleep(50)])).toBeUndefined();
  const killedAt = performance.now();
  process.kill(victim, "SIGKILL");
  expect(await waiting).toBe("mine");
  expect(performance.now() - killedAt).toBeLessThan(1000);
  for (const pin of pins.values()) pin[Symbol.dispose]();
});
