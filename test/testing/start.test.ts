import { expect, spyOn, test } from "bun:test";
import { SkitaiError } from "../../src/errors.ts";
import { testClient } from "../../src/testing/index.ts";
import { bunTest, fixture } from "./support.ts";

async function failure(starting: Promise<unknown>): Promise<SkitaiError> {
  const error = await starting.catch((reason: unknown) => reason);
  if (!(error instanceof SkitaiError)) throw new Error("expected a SkitaiError", { cause: error });
  return error;
}

test("[V2] LAUNCH_FAILED says how the script ended and carries what it wrote", async () => {
  const script = Bun.fileURLToPath(fixture("broken.ts"));
  const error = await failure(testClient(script));
  expect(error.code).toBe("LAUNCH_FAILED");
  expect(error.message).toBe(`${script} did not start, exit code 3: port 5000 is taken`);
  expect(error.cause).toBe("first line\nport 5000 is taken");
});

test("[V2] LAUNCH_FAILED after the timeout, and nothing is left", async () => {
  const started = Bun.nanoseconds();
  const error = await failure(testClient(fixture("mute.ts"), undefined, { timeout: 0.5 }));
  expect(error.message).toEndWith("did not start, not ready after 0.5 s: still thinking");
  expect(Bun.nanoseconds() - started).toBeLessThan(2e9);
});

test("[V2] LAUNCH_FAILED for a script that is not there", async () => {
  const error = await failure(testClient("./no-such-script.ts"));
  expect([error.code, error.message]).toEqual([
    "LAUNCH_FAILED",
    `${process.cwd()}/no-such-script.ts does not exist`,
  ]);
});

test("[V2] a failed start shows the output once", async () => {
  const { stderr, exitCode } = await bunTest("broken-start.ts").done();
  expect(exitCode).toBe(1);
  expect(stderr.split("first line\nport 5000 is taken").length - 1).toBe(1);
  expect(stderr).toMatch(/^--- did not start, exit code 3; output of broken\.ts \(pid \d+\):\nfirst line\n/m);
});

test("[V2] a failed expect shows what the server wrote since the last time, and the line of the test", async () => {
  const { stderr, exitCode } = await bunTest("failing.ts").done();
  expect(exitCode).toBe(1);
  const blocks = stderr.match(
    /^--- an assertion failed; output of echo\.ts \(pid \d+\):\n[^]*?\n--- end of output.*$/gm,
  );
  expect(blocks).toHaveLength(1);
  expect(blocks?.[0]).toContain("\nearly\nlate\n");
  expect(stderr).toContain("expect(status).toBe(500); // the line of the test\n");
  expect(stderr).toContain("expect(1).toBe(2); // another line of the test\n");
});

test("[V2] silent: false passes the output through, and does not print it again", async () => {
  const stdout = spyOn(process.stdout, "write").mockReturnValue(true);
  const stderr = spyOn(process.stderr, "write").mockReturnValue(true);
  const cli = await testClient(fixture("echo.ts"), undefined, { silent: false });
  await cli.get("/log?text=loud");
  await cli.stop();
  const written = [stdout, stderr].map((spy) =>
    Buffer.concat(spy.mock.calls.map(([part]) => Buffer.from(part))).toString(),
  );
  stdout.mockRestore();
  stderr.mockRestore();
  expect(written).toEqual(["echo is up --port 0\n", "loud\n"]);
  expect(cli.output).toBe("echo is up --port 0\nloud\n");
});
