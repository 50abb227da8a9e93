import { expect, spyOn, test } from "bun:test";
import { testClient } from "../../src/testing/index.ts";
import { bunTest, fixture, leftOf, lineOf, membersOf } from "./support.ts";

test("[V1] stop ends the server with SIGTERM; again is the same; await using does it too", async () => {
  const cli = await testClient(fixture("echo.ts"));
  const group = cli.pid as number;
  expect(await membersOf(group)).toHaveLength(2);
  const [first, second] = await Promise.all([cli.stop(), cli.stop()]);
  expect([first, second]).toEqual([0, 0]);
  expect(await membersOf(group)).toEqual([]);
  expect(await cli.stop()).toBe(0);
  await cli[Symbol.asyncDispose]();
});

test("[V1] stop kills a master and a child that ignore SIGTERM, after the grace", async () => {
  const cli = await testClient(fixture("family.ts"), undefined, { args: ["deaf"], grace: 0.2 });
  const group = cli.pid as number;
  const { data } = await cli.get<{ child: number }>("/");
  expect(await membersOf(group)).toContain(String(data.child));
  const stderr = spyOn(process.stderr, "write").mockReturnValue(true);
  const started = Bun.nanoseconds();
  expect(await cli.stop()).toBeNull();
  const printed = stderr.mock.calls.join("");
  stderr.mockRestore();
  expect(Bun.nanoseconds() - started).toBeGreaterThan(0.2e9);
  expect(await membersOf(group)).toEqual([]);
  expect(printed).toStartWith(
    `--- not stopped after 0.2 s, killed; output of family.ts (pid ${group}):\nno\n`,
  );
});

test("[V1] stop kills the child a master leaves behind", async () => {
  const cli = await testClient(fixture("family.ts"));
  const group = cli.pid as number;
  expect(await cli.stop()).toBe(0);
  expect(await membersOf(group)).toEqual([]);
});

/** What is written to stderr until a text that holds `end`. */
async function printedBy(act: () => unknown, end: string): Promise<string> {
  const done = Promise.withResolvers<void>();
  const stderr = spyOn(process.stderr, "write").mockImplementation((text) => {
    if (String(text).includes(end)) done.resolve();
    return true;
  });
  await act();
  await done.promise;
  const printed = stderr.mock.calls.join("");
  stderr.mockRestore();
  return printed;
}

test("[V2] a server that is killed shows its output, and nothing is left", async () => {
  const cli = await testClient(fixture("family.ts"), undefined, { args: ["deaf", "talk"] });
  const group = cli.pid as number;
  const printed = await printedBy(() => process.kill(group, "SIGKILL"), "--- end of output");
  expect(printed).toStartWith(
    `--- ended unexpectedly, killed by SIGKILL; output of family.ts (pid ${group}):\n`,
  );
  expect(await cli.stop()).toBeNull();
  expect(await membersOf(group)).toEqual([]);
});

test("[V2] a server that dies of a request shows its output, and the request fails", async () => {
  const cli = await testClient(fixture("echo.ts"));
  const codes: unknown[] = [];
  const request = () => cli.get("/die").catch(({ code }: { code?: string }) => codes.push(code));
  expect(await printedBy(request, "dying words")).toContain("dying words\n--- end of output of echo.ts");
  expect(await cli.stop()).toBe(7);
  await request();
  expect(codes).toEqual(["ECONNRESET", "ECONNREFUSED"]);
});

async function startedIn(nested: ReturnType<typeof bunTest>): Promise<number> {
  const [, group] = (await lineOf(nested.run.stdout, "started ")).split(" ");
  return Number(group);
}

test.each(["SIGINT", "SIGTERM", "SIGKILL"] as const)(
  "[V1] a run ended by %s leaves no process",
  async (signal) => {
    const nested = bunTest("run.ts");
    const group = await startedIn(nested);
    expect(await membersOf(group)).toHaveLength(4);
    nested.run.kill(signal);
    await nested.run.exited;
    expect(await leftOf(group)).toEqual([]);
  },
);

test.each(["exit", "throw", "expect"])("[V1] a run ended by %s leaves no process", async (end) => {
  const nested = bunTest("run.ts", { FIXTURE_END: end });
  const group = await startedIn(nested);
  expect(await nested.run.exited).not.toBe(0);
  expect(await leftOf(group)).toEqual([]);
});
