import { join } from "node:path";
import { afterEach, expect, test } from "bun:test";
import { jobEnvironment, threadData } from "../../src/process/role.ts";
import type { SkitaiError } from "../../src/errors.ts";
import type { JobPool, PoolOptions } from "../../src/jobs/pool.ts";
import { createProcessPool } from "../../src/jobs/process-pool.ts";
import { createThreadPool } from "../../src/jobs/thread-pool.ts";
import { job } from "../../src/jobs/job.ts";
import { eventually } from "../process/support.ts";
import * as jobs from "./fixtures/jobs.ts";
import { type Kind, kinds } from "./support.ts";

const script = join(import.meta.dir, "fixtures/script.ts");
const boot = { index: 0, settings: { name: "pool", directory: undefined, parent: process.pid } };
const made: JobPool[] = [];

afterEach(async () => {
  await Promise.all(made.splice(0).map((pool) => pool.close(0)));
});

function create(kind: Kind, options: Partial<PoolOptions> = {}, env: Record<string, string> = {}): JobPool {
  const all = { size: 2, ...options };
  const pool =
    kind === "thread"
      ? createThreadPool({ entry: script, words: [], workerData: () => threadData(boot, undefined) }, all)
      : createProcessPool(
          {
            command: () => [process.execPath, script],
            environment: () => ({ ...jobEnvironment(boot), ...env }),
            descriptor: () => undefined,
          },
          all,
        );
  made.push(pool);
  return pool;
}

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "done",
    (error: SkitaiError) => error.code ?? error.message,
  );

for (const kind of kinds) {
  test(`[Q8] a ${kind} pool is empty until a job comes, and makes no more hosts than jobs need`, async () => {
    const pool = create(kind);
    expect(pool.hosts).toBe(0);
    expect(await pool.run(jobs.add, [1, 2])).toBe(3);
    expect(await pool.run(jobs.add, [1, 3])).toBe(4);
    expect(pool.hosts).toBe(1);
    await Promise.all(Array.from({ length: 9 }, () => pool.run(jobs.sleep, [10])));
    expect(pool.hosts).toBe(2);
  });

  test(`[Q8] a ${kind} pool refuses more than may wait, and takes what waits out by timeout and abort`, async () => {
    const pool = create(kind, { size: 1, maxWaiting: 2 });
    const first = pool.run(jobs.sleep, [600]);
    await eventually(() => pool.waiting === 0);
    const late = codeOf(pool.run(jobs.add, [1, 1], { timeout: 0.05 }));
    const controller = new AbortController();
    const aborted = codeOf(pool.run(jobs.add, [1, 1], { signal: controller.signal }));
    expect(await codeOf(pool.run(jobs.add, [1, 1]))).toBe("JOB_OVERLOADED");
    expect(await late).toBe("JOB_TIMEOUT");
    controller.abort(new Error("mine"));
    expect(await aborted).toBe("mine");
    expect(pool.waiting).toBe(0);
    // Neither of them was at the host.
    expect(await first).toBe("slept");
    expect(pool.hosts).toBe(1);
  });

  test(`[Q8] a ${kind} pool replaces a host after \`maxJobs\``, async () => {
    const pool = create(kind, { size: 1, maxJobs: 2 });
    const seen: number[] = [];
    for (let at = 0; at < 5; at += 1) seen.push(await pool.run(jobs.nth, []));
    expect(seen).toEqual([1, 2, 1, 2, 1]);
  });

  test(`[Q8] a ${kind} that has nothing to do is closed, and made anew`, async () => {
    const pool = create(kind, { idle: 0.2 });
    expect(await pool.run(jobs.nth, [])).toBe(1);
    expect(pool.hosts).toBe(1);
    await eventually(() => pool.hosts === 0);
    expect(await pool.run(jobs.nth, [])).toBe(1);
  });

  test(`[Q8] a ${kind} pool that closes finishes what was asked, also what waits`, async () => {
    const pool = create(kind, { size: 1 });
    const both = [pool.run(jobs.sleep, [200]), pool.run(jobs.add, [1, 1])];
    const closed = pool.close(20);
    expect(await codeOf(pool.run(jobs.add, [1, 1]))).toBe("JOB_OVERLOADED");
    expect(await Promise.all(both)).toEqual(["slept", 2]);
    expect(await closed).toBe(true);
    expect(pool.hosts).toBe(0);
    expect(await create(kind).close(20)).toBe(true);
  });

  test(`[Q8] a ${kind} pool that closes ends what takes longer than its grace`, async () => {
    const pool = create(kind, { size: 1 });
    const work = [jobs.spin, jobs.spin].map((each) => codeOf(pool.run(each, [60_000])));
    expect(await pool.close(0.3)).toBe(false);
    expect(await Promise.all(work)).toEqual(["JOB_CRASHED", "JOB_CRASHED"]);
    expect(pool.hosts).toBe(0);
  });

  test(`[Q8] a job that the ${kind}'s script does not define is refused by name`, async () => {
    const local = job(`only in the test, ${kind}`, () => 1);
    const pool = create(kind);
    const error = await pool.run(local, []).catch((caught: SkitaiError) => caught);
    expect(error).toMatchObject({ code: "JOB_INVALID" });
    expect((error as SkitaiError).message).toStartWith(
      `job "only in the test, ${kind}": is not defined where it should run`,
    );
    expect(await local()).toBe(1);
  });
}

test("[Q8] a script that fails in a job process fails the jobs, each by itself, and does not go on for ever", async () => {
  const pool = create("process", {}, { BAD_START: "1" });
  const all = Array.from({ length: 3 }, () =>
    pool.run(jobs.add, [1, 1]).catch((error: SkitaiError) => error),
  );
  for (const error of await Promise.all(all))
    expect((error as SkitaiError).message).toBe('job "add": its host did not start: ended with exit code 1');
  await eventually(() => pool.hosts === 0);
});

test("[Q8] a script that does not get to run() in time fails the job", async () => {
  const pool = create("process", { size: 1, startTimeout: 0.5 }, { SLOW_START: "1" });
  expect(await codeOf(pool.run(jobs.add, [1, 1]))).toBe("JOB_CRASHED");
  expect(pool.hosts).toBe(0);
});

test("[Q8] a command that cannot be run fails the job", async () => {
  const pool = createProcessPool(
    { command: () => ["/no/such/program"], environment: () => ({}), descriptor: () => undefined },
    { size: 2 },
  );
  expect(await codeOf(Promise.all([pool.run(jobs.add, [1, 1]), pool.run(jobs.add, [1, 1])]))).toBe(
    "JOB_CRASHED",
  );
  expect(pool.waiting).toBe(0);
});

test("[Q8] thousands of jobs that cannot be copied are refused one by one", async () => {
  const pool = create("thread", { size: 1 });
  const all = Array.from({ length: 5000 }, () => codeOf(pool.run(jobs.echo, [() => 1])));
  expect(new Set(await Promise.all(all))).toEqual(new Set(["JOB_INVALID"]));
  expect(await pool.run(jobs.add, [1, 1])).toBe(2);
});
