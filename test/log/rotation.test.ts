import { afterAll, beforeEach, expect, test } from "bun:test";
import {
  appendFileSync,
  chownSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Rotation, type RotationOptions } from "../../src/log/rotation.ts";
import { testClient } from "../../src/testing/index.ts";
import { eventually, parseLine } from "../support/log-lines.ts";

const root = mkdtempSync(join(tmpdir(), "skitai-rotation-"));
afterAll(() => rmSync(root, { recursive: true }));

let directory: string;
let reopened: number;
let failures: string[];
beforeEach(() => {
  directory = mkdtempSync(join(root, "logs-"));
  reopened = 0;
  failures = [];
});

const rotation = (options: Partial<RotationOptions> = {}): Rotation =>
  new Rotation({
    directory,
    maxSize: 0,
    keep: 30,
    reopen: () => reopened++,
    failed: ({ message }) => void failures.push(message),
    ...options,
  });

/** Local time. */
const at = (text: string): Date => new Date(`2026-${text.replace(" ", "T")}`);

function put(name: string, text: string, date: Date): void {
  writeFileSync(join(directory, name), text);
  utimesSync(join(directory, name), date, date);
}

const names = (): string[] => readdirSync(directory).sort();
const content = (name: string): string => readFileSync(join(directory, name), "utf8");

test("[L2] at the first look files of an earlier day, and server.log of an earlier month, are renamed to their day", () => {
  put("request.log", "old\n", at("03-09 23:59:59"));
  put("app.log", "new\n", at("03-10 00:00:00"));
  put("server.log", "of the month\n", at("03-01 12:00:00"));
  rotation().check(at("03-10 08:00:00"));
  expect(names()).toEqual(["app.log", "request-20260309.log", "request.log", "server.log"]);
  expect([content("request-20260309.log"), content("request.log"), reopened]).toEqual(["old\n", "", 1]);
  rotation().check(at("04-01 00:00:00"));
  expect(names()).toEqual([
    "app-20260310.log",
    "app.log",
    "request-20260309.log",
    "request.log",
    "server-20260301.log",
    "server.log",
  ]);
});

test("[L2] at midnight the day that is over names the file, whatever was written since", () => {
  const running = rotation();
  put("request.log", "a\n", at("03-09 12:00:00"));
  running.check(at("03-09 23:59:00"));
  // A worker wrote between midnight and the look.
  put("request.log", "a\nb\n", at("03-10 00:00:01"));
  running.check(at("03-10 00:00:02"));
  expect([names(), reopened]).toEqual([["request-20260309.log", "request.log"], 1]);
  running.check(at("03-10 00:01:02"));
  expect([names(), reopened]).toEqual([["request-20260309.log", "request.log"], 1]);
});

test("[L2] an empty file stays, and is of the day it is written to", () => {
  const running = rotation();
  put("request.log", "", at("03-07 12:00:00"));
  running.check(at("03-09 12:00:00"));
  expect(names()).toEqual(["request.log"]);
  appendFileSync(join(directory, "request.log"), "a\n");
  running.check(at("03-10 00:00:00"));
  expect(names()).toEqual(["request-20260309.log", "request.log"]);
});

test("[L2] a taken name gets the time; nothing is ever overwritten", () => {
  const running = rotation({ maxSize: 3 });
  const rotateAt = (text: string, time: string): void => {
    put("request.log", text, at(time));
    running.check(at(time));
  };
  rotateAt("one\n", "03-09 10:00:00");
  rotateAt("two\n", "03-09 10:00:01");
  rotateAt("three\n", "03-09 10:00:01");
  expect([names(), content("request.log")]).toEqual([
    ["request-20260309-100001.log", "request-20260309.log", "request.log"],
    "three\n",
  ]);
  // The day is over: the rest of it sorts behind.
  running.check(at("03-10 00:00:00"));
  expect(names()).toEqual([
    "request-20260309-100001.log",
    "request-20260309-235959.log",
    "request-20260309.log",
    "request.log",
  ]);
  expect(content("request-20260309.log") + content("request-20260309-100001.log")).toBe("one\ntwo\n");
  expect(content("request-20260309-235959.log")).toBe("three\n");
});

test("[L2] the oldest go, those of other names stay", () => {
  for (const day of ["0305", "0306", "0306-101010", "0307"])
    put(`request-2026${day}.log`, day, at("03-09 12:00:00"));
  put("app-20260101.log", "", at("01-01 12:00:00"));
  put("request-2026.log", "", at("01-01 12:00:00"));
  put("request.log", "a\n", at("03-08 12:00:00"));
  rotation({ keep: 3 }).check(at("03-09 12:00:00"));
  expect(names()).toEqual([
    "app-20260101.log",
    "request-2026.log",
    "request-20260306-101010.log",
    "request-20260307.log",
    "request-20260308.log",
    "request.log",
  ]);
});

test("[L2] a clock or timezone that goes back and forth rotates nothing twice and loses nothing", () => {
  const running = rotation();
  put("request.log", "a\n", at("03-09 12:00:00"));
  running.check(at("03-10 00:00:00"));
  put("request.log", "b\n", at("03-09 23:00:30"));
  running.check(at("03-09 23:00:30"));
  expect(names()).toEqual(["request-20260309.log", "request.log"]);
  running.check(at("03-10 00:00:00"));
  running.check(at("03-10 00:01:00"));
  expect(names()).toEqual(["request-20260309-235959.log", "request-20260309.log", "request.log"]);
  // A clock that was years ahead when the file was written.
  put("app.log", "c\n", new Date("2031-01-01T00:00:00"));
  rotation().check(at("03-10 12:00:00"));
  expect(names()).toContain("app.log");
  expect(names().filter((name) => name.startsWith("app-"))).toEqual([]);
});

test("[L2] what somebody else has rotated is left alone", () => {
  const running = rotation();
  put("request.log", "a\n", at("03-09 12:00:00"));
  running.check(at("03-09 12:00:00"));
  renameSync(join(directory, "request.log"), join(directory, "request.log.1"));
  put("request.log", "b\n", at("03-10 00:00:01"));
  running.check(at("03-10 00:00:02"));
  expect([names(), reopened]).toEqual([["request.log", "request.log.1"], 0]);
});

test("[L2] the new file has the owner and the mode of the old one", () => {
  const path = join(directory, "request.log");
  writeFileSync(path, "a\n", { mode: 0o604 });
  const root = process.getuid?.() === 0;
  if (root) chownSync(path, 65534, 65534);
  utimesSync(path, at("03-09 12:00:00"), at("03-09 12:00:00"));
  rotation().check(at("03-10 12:00:00"));
  const { mode, uid } = statSync(path);
  expect([mode & 0o777, uid, content("request.log")]).toEqual([0o604, root ? 65534 : process.getuid!(), ""]);
});

test("[L2] what cannot be rotated is said once, and the others are", () => {
  put("request.log", "a\n", at("03-09 12:00:00"));
  put("app.log", "b\n", at("03-09 12:00:00"));
  const running = rotation({ directory });
  // A name too long for the system: `request.log` is a link that leads to itself.
  rmSync(join(directory, "request.log"));
  Bun.spawnSync(["ln", "-s", "request.log", join(directory, "request.log")]);
  running.check(at("03-10 12:00:00"));
  running.check(at("03-10 12:01:00"));
  expect(failures).toEqual([expect.stringMatching(/^request\.log is not rotated: ELOOP/) as string]);
  expect([names(), reopened]).toEqual([["app-20260309.log", "app.log", "request.log"], 1]);
});

const script = join(import.meta.dir, "fixtures/serve.ts");

test("[L2] a service that starts on files of an earlier day begins new ones", async () => {
  put("request.log", "yesterday\n", at("03-09 12:00:00"));
  await using cli = await testClient(script, 0, { args: ["--logs", directory], workers: 2 });
  expect((await cli.get("/string?today")).status).toBe(200);
  await eventually(() => content("request.log").includes("?today"), "the line");
  expect(content("request-20260309.log")).toBe("yesterday\n");
  expect(content("request.log")).not.toContain("yesterday");
});

test("[L2] three workers under load over rotations by size lose no line and mix none", async () => {
  const uris: string[] = [];
  {
    await using cli = await testClient(script, 0, {
      args: ["--logs", directory, "--log-max-size", "2kb", "--log-keep", "1000"],
      workers: 3,
    });
    const rotated = (): number => names().filter((name) => /^request-\d/.test(name)).length;
    const end = Date.now() + 10_000;
    const client = async (number: number): Promise<void> => {
      for (let i = 0; rotated() < 3 && Date.now() < end; i++) {
        const uri = `/string?client=${number}&i=${i}`;
        // Each on a connection of its own, so that all workers have some.
        const { status } = await cli.get(uri, { headers: { connection: "close" } });
        if (status === 200) uris.push(uri);
      }
    };
    await Promise.all(Array.from({ length: 8 }, (_, number) => client(number)));
    expect(rotated()).toBeGreaterThanOrEqual(3);
  }
  const lines = names()
    .filter((name) => name.startsWith("request"))
    .flatMap((name) => content(name).split("\n").filter(Boolean))
    .map(parseLine);
  expect(lines.map(({ uri }) => uri).sort()).toEqual(uris.sort());
  expect([...new Set(lines.map(({ worker }) => worker))].sort()).toEqual(["W0", "W1", "W2"]);
}, 20_000);

test("[L2] a worker that starts while files are rotated is not ended by it, and writes to the new file", async () => {
  await using server = Bun.spawn([process.execPath, join(import.meta.dir, "fixtures/starting.ts")], {
    env: { ...process.env, LOGS: directory },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const has = (name: string) => (): boolean => names().includes(name);
  // The worker has begun, and waits for the file `go`.
  await eventually(has("started"), "the worker's start");
  renameSync(join(directory, "request.log"), join(directory, "request.log.1"));
  server.kill("SIGUSR1");
  await eventually(has("request.log"), "the master's new file");
  writeFileSync(join(directory, "go"), "");
  const url = await firstLine(server.stdout);
  expect(await (await fetch(url)).text()).toBe("served");
  server.kill("SIGTERM");
  expect(await server.exited).toBe(0);
  expect(content("server.log")).not.toContain("ended");
  expect([content("request.log.1"), content("request.log").match(/ GET \/ /g)]).toEqual(["", [" GET / "]]);
});

/** The URL of the line that says that it serves. */
async function firstLine(output: ReadableStream<Uint8Array>): Promise<string> {
  for await (const chunk of output) return /http:\S+/.exec(new TextDecoder().decode(chunk))![0];
  throw new Error("no line");
}
