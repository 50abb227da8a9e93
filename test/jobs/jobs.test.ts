import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { testClient, type TestClient } from "../../src/testing/index.ts";
import { type Answer, kinds, run, script } from "./support.ts";

let cli: TestClient;
beforeAll(async () => {
  cli = await testClient(script, 0, { args: ["--some-word"] });
});
afterAll(() => cli[Symbol.asyncDispose]());

test("[Q8] a job called directly runs where it is called", async () => {
  expect((await cli.get<unknown>("/direct")).data).toEqual([3, "add", true]);
});

for (const kind of kinds) {
  describe(`[Q8] a job in a ${kind}`, () => {
    test("gives its result, from another thread or process than the handler's", async () => {
      expect(await run(cli, kind, "add", [2, 3])).toEqual({ result: 5 });
      const worker = (await cli.get<number>("/")).data;
      const { result } = (await run(cli, kind, "where")) as { result: { pid: number } };
      const isWorker = result.pid === worker;
      expect({ ...result, pid: isWorker }).toEqual({
        pid: kind === "thread",
        main: kind === "process",
        role: "none",
        words: expect.arrayContaining(["--some-word"]),
      } as never);
    });

    test("takes and gives what structured clone copies", async () => {
      const shown = Bun.inspect({
        map: new Map([[1n, new Date(5)]]),
        bytes: new Uint8Array([1, 2]),
        set: new Set(["a"]),
      });
      expect((await cli.get<string>(`/rich?in=${kind}`)).data).toBe(shown);
      expect((await cli.get<number[]>(`/large?in=${kind}`)).data).toEqual([20_000_000, 7, 7]);
    });

    test("that throws gives the error as the cause, and its host lives on", async () => {
      const before = await run(cli, kind, "where");
      expect((await run(cli, kind, "fail", ["not today"])).error).toEqual({
        name: "SkitaiError",
        code: "JOB_FAILED",
        message: 'job "fail": threw TypeError: not today',
        cause: { name: "TypeError", message: "not today", code: "E_MINE", deep: "RangeError: deep" },
      });
      expect((await run(cli, kind, "throwText")).error?.cause?.message).toContain("only text");
      expect(await run(cli, kind, "where")).toEqual(before);
    });

    test("is refused when an argument or the result cannot be copied, by position", async () => {
      expect((await cli.get<string>(`/uncloneable?in=${kind}`)).data).toMatch(
        /^JOB_INVALID job "echo": argument 1 cannot be copied, .*\(Object\)$/,
      );
      expect((await cli.get<string>(`/second?in=${kind}`)).data).toMatch(
        /^JOB_INVALID job "add": argument 2 cannot be copied, .*\(function\)$/,
      );
      expect((await run(cli, kind, "badResult")).error).toMatchObject({
        code: "JOB_INVALID",
        message: expect.stringContaining('job "bad result": its result cannot be copied'),
      });
      expect((await cli.get<string>(`/foreign?in=${kind}`)).data).toStartWith("JOB_INVALID job: ");
      expect(await run(cli, kind, "add", [1, 1])).toEqual({ result: 2 });
    });

    test("that hangs is ended by its timeout, busy or not, and others are not touched", async () => {
      const other = run(cli, kind, "sleep", [700]);
      const spun = await run(cli, kind, "spin", [60_000], { timeout: 0.3 });
      expect(spun.error).toMatchObject({
        code: "JOB_TIMEOUT",
        message: 'job "spin": no result within 0.3 s',
      });
      expect((await run(cli, kind, "sleep", [60_000], { timeout: 0.1 })).error?.code).toBe("JOB_TIMEOUT");
      expect(await other).toEqual({ result: "slept" });
      expect(await run(cli, kind, "add", [1, 1])).toEqual({ result: 2 });
    });

    test("that is aborted is ended, with the reason of the signal", async () => {
      expect((await run(cli, kind, "spin", [60_000], { abort: 200 })).error?.name).toBe("TimeoutError");
      expect(await run(cli, kind, "add", [1, 1])).toEqual({ result: 2 });
    });

    test("that exits, or strands by an error in a callback, has crashed; the next one runs", async () => {
      const worker = (await cli.get<number>("/")).data;
      expect((await run(cli, kind, "exit", [3])).error).toMatchObject({
        code: "JOB_CRASHED",
        message: 'job "exit": its host ended with exit code 3',
      });
      expect((await run(cli, kind, "exit", [0])).error?.code).toBe("JOB_CRASHED");
      expect((await run(cli, kind, "strand")).error).toMatchObject({
        code: "JOB_CRASHED",
        cause: { message: "thrown in a callback" },
      });
      expect(await run(cli, kind, "add", [1, 1])).toEqual({ result: 2 });
      expect((await cli.get<number>("/")).data).toBe(worker);
    });

    test("waits its turn: 200 at once on 2 hosts, begun in order", async () => {
      const { values, ended, hosts } = (
        await cli.get<{ values: number[]; ended: number[]; hosts: number }>(`/order?in=${kind}`)
      ).data;
      expect(values).toEqual(Array.from({ length: 200 }, (_, at) => at));
      expect(hosts).toBe(2);
      // Of two that run at once either may end first.
      expect(ended.every((value, at) => Math.abs(value - at) <= 2)).toBe(true);
    });

    test("keeps a CPU busy while the worker answers", async () => {
      let done = false;
      const busy = run(cli, kind, "spin", [1500]).then((answer) => ((done = true), answer));
      let answered = 0;
      while (!done && answered < 20) {
        await cli.get("/");
        if (!done) answered += 1;
      }
      expect(answered).toBe(20);
      expect(typeof (await busy).result).toBe("number");
    });

    test("that only a module knows which is mounted by name is found", async () => {
      expect((await cli.get<string>(`/named/?in=${kind}`)).data).toBe("SAID");
    });

    test("has no request, but the words that all workers share", async () => {
      expect(await run(cli, kind, "inside")).toEqual({ result: "NO_CONTEXT" });
      const first = (await run(cli, kind, "count", ["jobs"])) as { result: number };
      expect((await run(cli, kind === "thread" ? "process" : "thread", "count", ["jobs"])).result).toBe(
        first.result + 1,
      );
    });
  });
}

test("[Q8] a job process that is killed has crashed, the worker lives", async () => {
  const worker = (await cli.get<number>("/")).data;
  expect((await run(cli, "process", "killOneself")).error).toMatchObject({
    code: "JOB_CRASHED",
    message: 'job "kill oneself": its host was ended by SIGKILL',
  });
  expect((await run(cli, "process", "add", [1, 1])) satisfies Answer).toEqual({ result: 2 });
  expect((await cli.get<number>("/")).data).toBe(worker);
});

test("[Q8] a timeout that is none is refused", async () => {
  expect((await run(cli, "thread", "add", [1, 1], { timeout: -1 })).error).toMatchObject({
    code: "JOB_INVALID",
    message: 'job "add": timeout: -1 is not accepted; accepted: seconds, above 0',
  });
});
