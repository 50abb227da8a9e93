import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "bun:test";
import { runSubprocess } from "../../src/jobs/subprocess.ts";
import { SubprocessError } from "../../src/jobs/subprocess-error.ts";
import type { SkitaiError } from "../../src/errors.ts";
import { eventually, leftOf } from "../process/support.ts";

const directory = mkdtempSync(join(tmpdir(), "skitai-subprocess-"));
afterAll(() => rmSync(directory, { recursive: true }));

const failure = (work: Promise<unknown>): Promise<SubprocessError> =>
  work.then(
    (value) => {
      throw new Error(`did not fail: ${value}`);
    },
    (error) => error,
  );

/** A shell that says its process group in a file, then does `rest`. */
const inGroup = (name: string, rest: string): string[] => [
  "sh",
  "-c",
  `echo $$ > "$0.part" && mv "$0.part" "$0"; ${rest}`,
  join(directory, name),
];

async function groupOf(name: string): Promise<number> {
  const path = join(directory, name);
  // `Bun.file` remembers that there was none.
  await eventually(() => existsSync(path));
  return Number(readFileSync(path, "utf8"));
}

test("[Q8] a program's output is its result, decoded", async () => {
  expect(await runSubprocess(["printf", "é%s", "!"])).toBe("é!");
  expect(await runSubprocess(["printf", "\\351"], { encoding: "latin1" })).toBe("é");
  expect(await runSubprocess(["true"])).toBe("");
});

test("[Q8] no shell sees the arguments", async () => {
  const odd = ["$HOME", "a b", "*", "; exit 3", "`id`", "'", '"', "", "é\n"];
  expect(await runSubprocess(["printf", "[%s]", ...odd])).toBe(odd.map((each) => `[${each}]`).join(""));
});

test("[Q8] a program reads stdin, its environment and its directory", async () => {
  expect(await runSubprocess(["cat"], { stdin: "text é" })).toBe("text é");
  expect(await runSubprocess(["wc", "-c"], { stdin: new Uint8Array(3_000_000) })).toStartWith("3000000");
  expect(await runSubprocess(["cat"])).toBe("");
  expect(await runSubprocess(["sh", "-c", "echo $ONE-$TWO; pwd"], { cwd: "/", env: { ONE: "1" } })).toBe(
    "1-\n/\n",
  );
});

test("[Q8] a program that does not read its stdin ends as it does", async () => {
  expect(await runSubprocess(["true"], { stdin: "x".repeat(5_000_000) })).toBe("");
});

test("[Q8] another code than 0 is an error with the code and the end of stderr", async () => {
  const error = await failure(runSubprocess(["sh", "-c", "echo out; echo first >&2; echo last >&2; exit 7"]));
  expect(error).toBeInstanceOf(SubprocessError);
  expect(error).toMatchObject({
    code: "SUBPROCESS_FAILED",
    exitCode: 7,
    signal: null,
    stderr: "first\nlast\n",
    message: "sh: ended with code 7: last",
  });
  const long = await failure(runSubprocess(["sh", "-c", "yes 123456789 | head -c 1000000 >&2; exit 1"]));
  expect(long.stderr.length).toBe(8192);
  const killed = await failure(runSubprocess(["sh", "-c", "kill -9 $$"]));
  expect(killed).toMatchObject({ exitCode: null, signal: "SIGKILL", message: "sh: was ended by SIGKILL" });
});

test("[Q8] a missing program or directory is an error that names the program", async () => {
  const error = await failure(runSubprocess(["no-such-program-here", "secret"]));
  expect(error).toMatchObject({ code: "SUBPROCESS_FAILED", exitCode: null });
  expect(error.message).toStartWith("no-such-program-here: cannot be started, ");
  expect(error.message).not.toContain("secret");
  expect((await failure(runSubprocess(["true"], { cwd: "/no/such" }))).code).toBe("SUBPROCESS_FAILED");
});

test("[Q8] what is no command or option is refused", async () => {
  for (const wrong of ["ls -l", [], [""], ["a", 1], ["a\0b"], undefined])
    expect((await failure(runSubprocess(wrong as string[]))).code).toBe("JOB_INVALID");
  expect((await failure(runSubprocess(["true"], { timeout: 0 }))).message).toStartWith("true: timeout: 0");
  expect((await failure(runSubprocess(["true"], { encoding: "utf-99" }))).code).toBe("JOB_INVALID");
});

test("[Q8] too much output ends the program", async () => {
  expect(await runSubprocess(["head", "-c", "1000", "/dev/zero"], { maxOutput: 1000 })).toHaveLength(1000);
  const error = await failure(runSubprocess(inGroup("much", "yes"), { maxOutput: 100_000 }));
  expect(error).toMatchObject({
    code: "SUBPROCESS_FAILED",
    message: "sh: wrote more than 100000 bytes",
  });
  expect(await leftOf(await groupOf("much"))).toEqual([]);
  expect((await failure(runSubprocess(["yes"]))).message).toBe("yes: wrote more than 16777216 bytes");
});

test("[Q8] the timeout ends the program and all that it has started", async () => {
  const error = await failure(
    runSubprocess(inGroup("late", "sleep 60 & trap '' TERM; sleep 60; sleep 60"), { timeout: 0.3 }),
  );
  expect((error as SkitaiError).code).toBe("JOB_TIMEOUT");
  expect(error.message).toBe("sh: did not end within 0.3 s");
  expect(await leftOf(await groupOf("late"))).toEqual([]);
});

test("[Q8] what a program leaves behind with its output open ends with the timeout too", async () => {
  const error = await failure(runSubprocess(inGroup("left", "sleep 60 &"), { timeout: 0.3 }));
  expect((error as SkitaiError).code).toBe("JOB_TIMEOUT");
  expect(await leftOf(await groupOf("left"))).toEqual([]);
});

test("[Q8] an abort ends it with the reason of the signal, also before it begins", async () => {
  const controller = new AbortController();
  const work = failure(runSubprocess(inGroup("aborted", "sleep 60; true"), { signal: controller.signal }));
  const group = await groupOf("aborted");
  controller.abort(new Error("gone"));
  expect((await work).message).toBe("gone");
  expect(await leftOf(group)).toEqual([]);
  expect((await failure(runSubprocess(["true"], { signal: controller.signal }))).message).toBe("gone");
});

test("[Q8] 32 programs run at once, the others wait", async () => {
  const before = performance.now();
  const marks = join(directory, "marks");
  const all = Array.from({ length: 40 }, () =>
    runSubprocess(["sh", "-c", "echo + >> $0; sleep 0.3; echo - >> $0", marks]),
  );
  const late = failure(runSubprocess(["true"], { timeout: 0.1 }));
  await Promise.all(all);
  expect(((await late) as SkitaiError).code).toBe("JOB_TIMEOUT");
  expect(performance.now() - before).toBeGreaterThan(600);
  let inside = 0;
  const most = readFileSync(marks, "utf8")
    .trim()
    .split("\n")
    .map((mark) => (inside += mark === "+" ? 1 : -1));
  expect(Math.max(...most)).toBeLessThanOrEqual(32);
  expect(most.length).toBe(80);
  // The one that was given up has left no hole.
  expect(await runSubprocess(["printf", "free"])).toBe("free");
});
