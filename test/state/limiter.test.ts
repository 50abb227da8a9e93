import { closeSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "bun:test";
import type { SkitaiError } from "../../src/errors.ts";
import { createWords, descriptorPath, openLimits, openWords } from "../../src/state/file.ts";
import { initializeLimits, limitsLength, MemoryLimiter } from "../../src/state/limit-memory.ts";
import { childVariables } from "../../src/state/process.ts";

const directory = mkdtempSync(join(tmpdir(), "limits-"));
afterAll(() => rmSync(directory, { recursive: true }));

/** A limiter with a clock of its own (ms), from 1 January 2026 on. */
class Clocked {
  time = 1_767_225_600_000;
  readonly limiter: MemoryLimiter;

  constructor(memory = initializeLimits(new Uint8Array(limitsLength))) {
    this.limiter = new MemoryLimiter(memory, () => this.time);
  }

  take(key: string, limit: number, period: number, burst = limit) {
    return this.limiter.take(key, { limit, period, burst });
  }

  /** How many of `count` are allowed at once. */
  allowed(count: number, ...given: Parameters<Clocked["take"]>): number {
    return Array.from({ length: count }, () => this.take(...given)).filter(({ allowed }) => allowed).length;
  }
}

test("[G3] as many as the limit at once, and one more after each interval", () => {
  const clocked = new Clocked();
  expect(clocked.take("a", 3, 60)).toEqual({ allowed: true, remaining: 2, wait: 0, reset: 20 });
  expect(clocked.take("a", 3, 60)).toEqual({ allowed: true, remaining: 1, wait: 0, reset: 40 });
  expect(clocked.take("a", 3, 60)).toEqual({ allowed: true, remaining: 0, wait: 20, reset: 60 });
  expect(clocked.take("a", 3, 60)).toEqual({ allowed: false, remaining: 0, wait: 20, reset: 60 });
  clocked.time += 19_999;
  expect(clocked.take("a", 3, 60)).toMatchObject({ allowed: false, wait: 0.001 });
  clocked.time += 1;
  expect(clocked.allowed(3, "a", 3, 60)).toBe(1);
  clocked.time += 60_000;
  expect(clocked.allowed(10, "a", 3, 60)).toBe(3);
});

test("[G3] keys are counted apart; a burst is how many may come at once", () => {
  const clocked = new Clocked();
  expect(clocked.allowed(10, "a", 5, 60)).toBe(5);
  expect(clocked.allowed(10, "b", 5, 60)).toBe(5);
  expect(clocked.allowed(10, "", 5, 60)).toBe(5);
  expect(clocked.allowed(10, "c", 60, 60, 2)).toBe(2);
  clocked.time += 1000;
  expect(clocked.allowed(10, "c", 60, 60, 2)).toBe(1);
  expect(clocked.allowed(30, "d", 10, 60, 20)).toBe(20);
});

test("[G3] over a long time no more pass than the rate says", () => {
  const clocked = new Clocked();
  for (const [limit, period] of [
    [7, 1],
    [1000, 1],
    [3, 0.5],
    [100, 60],
  ] as const) {
    let passed = 0;
    const steps = 2000;
    for (let step = 0; step < steps; step++) {
      clocked.time += (period * 1000) / 20;
      passed += clocked.allowed(Math.ceil(limit / 10) + 1, `${limit}/${period}`, limit, period);
    }
    const most = (steps / 20) * limit + limit;
    expect(passed).toBeLessThanOrEqual(most);
    expect(passed).toBeGreaterThan(most * 0.97);
  }
});

test("[G3] a clock that was set back shuts nobody out for longer than the limit", () => {
  const clocked = new Clocked();
  expect(clocked.allowed(5, "a", 5, 60)).toBe(5);
  clocked.time -= 86_400_000;
  expect(clocked.take("a", 5, 60)).toMatchObject({ allowed: false, wait: 12 });
  clocked.time += 12_000;
  expect(clocked.allowed(5, "a", 5, 60)).toBe(1);
});

test("[G3] more keys than there are places: the table does not grow, the newest are counted", () => {
  const clocked = new Clocked();
  for (let index = 0; index < 150_000; index++) clocked.take(`flood${index}`, 2, 3600);
  expect(clocked.allowed(10, "after", 5, 60)).toBe(5);
  clocked.time += 3_600_000 + 1;
  // All are paid off: places are free again.
  for (let index = 0; index < 1000; index++) expect(clocked.allowed(3, `next${index}`, 2, 60)).toBe(2);
});

test("[G3] two tables have places of their own for a key: nobody outside can know which", () => {
  const place = (memory: Uint8Array): number => {
    new Clocked(memory).take("a", 1, 60);
    return new BigInt64Array(memory.buffer).findIndex((word, at) => at >= 8 && word !== 0n);
  };
  const places = Array.from({ length: 8 }, () => place(initializeLimits(new Uint8Array(limitsLength))));
  expect(new Set(places).size).toBeGreaterThan(1);
});

test("[G3] what is no table of limits is refused", () => {
  for (const memory of [new Uint8Array(limitsLength), new Uint8Array(8), new Uint8Array(limitsLength + 8)]) {
    const failure = (() => {
      try {
        return new MemoryLimiter(memory);
      } catch (error) {
        return error as SkitaiError;
      }
    })();
    expect(failure).toMatchObject({ code: "STATE_INVALID" });
  }
});

const takers = (fd: number, rounds: number, keys: number, limit: number) =>
  Array.from({ length: 4 }, () => {
    const file = Bun.fileURLToPath(new URL("./fixtures/taker.ts", import.meta.url));
    return Bun.spawn([process.execPath, file, String(rounds), String(keys), String(limit)], {
      env: { ...process.env, ...childVariables([]) },
      stdio: ["pipe", "pipe", "inherit", fd],
    });
  });

/** All begin at once; what each was allowed. */
async function race(processes: ReturnType<typeof takers>): Promise<number[]> {
  const outputs = processes.map(({ stdout }) => stdout.getReader());
  for (const output of outputs) expect(new TextDecoder().decode((await output.read()).value)).toBe("ready\n");
  for (const { stdin } of processes) void stdin.end();
  return await Promise.all(
    outputs.map(async (output) => {
      let text = "";
      for (let read = await output.read(); !read.done; read = await output.read())
        text += new TextDecoder().decode(read.value);
      return Number(text);
    }),
  );
}

for (const [keys, limit] of [
  [1, 1000],
  [7, 1000],
  // New keys all the time: who comes first has to find a place for it.
  [8000, 2],
] as const)
  test(`[G3] four processes take what there is of ${keys} keys: exactly the limit of each is allowed`, async () => {
    const fd = createWords(directory, undefined);
    const processes = takers(fd, 40_000, keys, limit);
    try {
      const allowed = await race(processes);
      expect(allowed.reduce((one, other) => one + other)).toBe(limit * keys);
      expect(allowed.every((each) => each < limit * keys)).toBe(true);
    } finally {
      for (const each of processes) each.kill("SIGKILL");
      closeSync(fd);
    }
  }, 30_000);

test("[G3] processes that are killed in the midst leave a table that counts on, and words that are whole", async () => {
  const fd = createWords(directory, undefined);
  const words = openWords(descriptorPath(fd), new Set(["count"]));
  words.setgs("count", 42);
  const processes = takers(fd, 50_000_000, 5000, 1000);
  try {
    for (const { stdout } of processes) await stdout.getReader().read();
    for (const { stdin } of processes) void stdin.end();
    const memory = openLimits(descriptorPath(fd));
    const filled = (): number =>
      new BigInt64Array(memory.buffer, memory.byteOffset).filter((word) => word !== 0n).length;
    while (filled() < 1000) await Bun.sleep(1);
    for (const each of processes) each.kill("SIGKILL");
    await Promise.all(processes.map(({ exited }) => exited));
    expect(new Clocked(memory).allowed(10, "after", 5, 60)).toBe(5);
    expect(words.getgs("count")).toBe(42);
  } finally {
    for (const each of processes) each.kill("SIGKILL");
    closeSync(fd);
  }
}, 30_000);
