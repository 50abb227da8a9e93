import { expect, test } from "bun:test";
import { SkitaiError } from "../../src/errors.ts";
import { job, nameOf } from "../../src/jobs/job.ts";
import { packError, unpackError } from "../../src/jobs/packed-error.ts";
import { threadPool } from "../../src/jobs/pools.ts";

test("[Q8] a job runs where it is called, and always gives a promise", async () => {
  const twice = job("twice", (value: number) => value * 2);
  const promise: Promise<number> = twice(4);
  expect(promise).toBeInstanceOf(Promise);
  expect(await promise).toBe(8);
  expect(nameOf(twice)).toBe("twice");
  const failing = job("failing", () => {
    throw new RangeError("now");
  });
  expect(failing()).rejects.toBeInstanceOf(RangeError);
});

test("[Q8] a name is defined once, and is one", () => {
  job("taken", () => 1);
  expect(() => job("taken", () => 2)).toThrow('job "taken": is defined already');
  for (const name of ["", " a", "a\nb", 5 as never, "x".repeat(201)])
    expect(() => job(name, () => 1)).toThrow(SkitaiError);
  expect(() => job("no work", undefined as never)).toThrow('job "no work"');
});

test("[Q8] only what job() made is a job", () => {
  function taken(): void {}
  for (const value of [taken, () => 1, "taken", undefined])
    expect(() => nameOf(value)).toThrow('what skitai.job("name", function) returned');
});

test("[Q8] there are no threads outside of a worker", async () => {
  await expect(threadPool()).rejects.toThrow("threads and processes are started by a worker");
});

test("[Q8] any thrown thing is carried as an error", () => {
  const cause = new TypeError("inner");
  const back = unpackError(
    structuredClone(packError(Object.assign(new RangeError("outer", { cause }), { code: 5 }))),
  );
  expect(back).toMatchObject({ name: "RangeError", message: "outer", code: 5, cause: { name: "TypeError" } });
  expect(back.stack).toContain("job.test.ts");
  const circle = new Error("circle");
  circle.cause = circle;
  expect(unpackError(packError(circle)).message).toBe("circle");
  for (const value of [undefined, null, 5, "text", { a: () => 1 }, Symbol("s")])
    expect(unpackError(structuredClone(packError(value)))).toBeInstanceOf(Error);
  expect(packError(new Error("x".repeat(1e6))).message.length).toBe(16_384);
});
