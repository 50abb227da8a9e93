import { afterAll, beforeAll, expect, test } from "bun:test";
import { appendFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { LoggedRequest } from "../../cli/trace/log-line.ts";
import { matchingLines } from "../../cli/trace/matching-lines.ts";
import { callTree, type Node } from "../../cli/trace/tree.ts";
import { testClient, type TestClient } from "../../src/testing/index.ts";
import { eventually, openDirectory, run, skitai, skitaiCommand } from "./support.ts";

const directory = openDirectory();
const logs = (name: string): string => join(directory, "logs", name);
const opened: TestClient[] = [];
let id = "";

const hop = async (name: string, args: readonly string[]): Promise<TestClient> => {
  const client = await testClient(join(import.meta.dir, "fixtures/hop.ts"), undefined, {
    host: "127.0.0.1",
    args: [`--logs=${logs(name)}`, `--name=${name}`, ...args],
  });
  opened.push(client);
  return client;
};
const hostOf = ({ url }: TestClient): string => new URL(url).host;

beforeAll(async () => {
  const end = await hop("end", ["--log-format=json"]);
  const middle = await hop("middle", [`--next=${hostOf(end)}`, "--workers=2"]);
  const first = await hop("first", [`--next=${hostOf(middle)}`]);
  await Promise.all([first.get("/other"), first.get("/asked"), end.get("/alone")]);
  // The log is written behind the answer.
  const line = await eventually(
    async () =>
      / GET \/asked .*? (GTID\S+) 1000 /.exec(readFileSync(join(logs("first"), "request.log"), "utf8")) ??
      undefined,
  );
  id = line[1]!;
  for (const client of opened.splice(0)) await client.stop();
}, 30_000);
afterAll(async () => {
  for (const client of opened) await client.stop();
  rmSync(directory, { recursive: true, force: true });
});

interface Shown {
  readonly ltxnid: number;
  readonly uri: string;
  readonly entries: readonly { readonly text: string }[];
  readonly calls: readonly Shown[];
}

const shape = ({ ltxnid, uri, entries, calls }: Shown): unknown => [
  `${ltxnid} ${uri} ${entries.map(({ text }) => text.split("\n")[0]).join()}`,
  ...calls.map(shape),
];

const expected = [
  "1000 /asked at /asked",
  ["2001 /asked/1 at /asked/1", ["3002 /asked/1/1 at /asked/1/1"], ["3003 /asked/1/2 at /asked/1/2"]],
  ["2002 /asked/2 at /asked/2", ["3003 /asked/2/1 at /asked/2/1"], ["3004 /asked/2/2 at /asked/2/2"]],
];

test("[L6] trace draws who called whom across services, from text and JSON logs", async () => {
  const traced = await skitai(["trace", id, "logs", "--json"], directory);
  expect(traced).toMatchObject({ exitCode: 0, stderr: "" });
  const tree = JSON.parse(traced.stdout) as { roots: Shown[]; others: unknown[] };
  expect([tree.roots.map(shape), tree.others]).toEqual([[expected], []]);
  const drawn = await run(
    [...skitaiCommand, "trace", id, logs("end"), logs("first"), logs("middle")],
    directory,
  );
  const lines = drawn.stdout.split("\n");
  expect(lines[0]).toBe(`${id}: 7 requests`);
  expect(lines[1]).toMatch(
    /^1000 {2}GET \/asked {2}200 {2}\d+ ms {2}\(\d+ handling, \d+ transfer\) 20\S+Z W0 127\.0\.0\.1:\d+ \S+request\.log$/,
  );
  expect(
    lines.filter((line) => /^[├└]─ 200[12]\?? {2}GET \/asked\/[12] {2}200 {2}\d+ ms/.test(line)),
  ).toHaveLength(2);
  expect(lines.filter((line) => /^[│ ] {2}[├└]─ 300[234]\?? {2}GET/.test(line))).toHaveLength(4);
  expect(drawn.stdout).toContain("info  at /asked\n");
  expect(drawn.stdout).not.toContain("/other");
  expect(drawn.stdout).not.toContain("\x1b");
});

test("[L6] rotated and compressed files and the standard input are read; what a log lacks is said", async () => {
  const place = join(directory, "moved");
  mkdirSync(place);
  const lines = readFileSync(join(logs("end"), "request.log"), "utf8");
  writeFileSync(join(place, "request-20260101.log.gz"), Bun.gzipSync(lines));
  writeFileSync(
    join(place, "request-20260102-101112.log"),
    readFileSync(join(logs("middle"), "request.log")),
  );
  const input = Bun.file(join(logs("first"), "request.log"));
  const child = Bun.spawn([...skitaiCommand, "trace", id, "moved", "-", "--json"], {
    cwd: directory,
    stdin: input,
    stdout: "pipe",
  });
  const { roots } = (await child.stdout.json()) as { roots: Shown[] };
  expect(roots.map(({ ltxnid, calls }) => [ltxnid, calls.map((call) => call.calls.length)])).toEqual([
    [1000, [2, 2]],
  ]);
  const alone = await skitai(["trace", id, logs("middle")], directory);
  expect(alone.stdout.match(/called as 100[12], its caller is in none of these logs/g)).toHaveLength(2);
  const entries = await skitai(["trace", id, join(logs("first"), "app.log")], directory);
  expect(entries.stdout).toContain("of requests that are in none of these logs:\n  info  at /asked\n");
});

const request = (ltxnid: number, start: number, handling: number): LoggedRequest => ({
  ...{ kind: "request", gtxnid: "G", ltxnid, start, handling, transfer: 0, blur: 0 },
  ...{ method: "GET", host: "h", uri: "/", status: 200, worker: "W0", file: "logs/request.log" },
});
const idsOf = ({ ltxnid, ambiguous, calls }: Node): unknown => [ltxnid, ambiguous, ...calls.map(idsOf)];

test("[L6] who called is told by ids first, then by times; what they leave open is marked", () => {
  const tree = (...requests: LoggedRequest[]): unknown[] => callTree(requests).roots.map(idsOf);
  // 2002 has no call 2002; 2001 is over when 3003 begins.
  expect(
    tree(request(3002, 40, 5), request(2002, 0, 900), request(2001, 1, 900), request(1000, 0, 999)),
  ).toEqual([[1000, false, [2002, false], [2001, false, [3002, false]]]]);
  expect(
    tree(request(1000, 0, 999), request(2001, 0, 100), request(2002, 500, 100), request(3003, 550, 9)),
  ).toEqual([[1000, false, [2001, false], [2002, false, [3003, false]]]]);
  expect(
    tree(request(1000, 0, 999), request(2001, 0, 900), request(2002, 0, 900), request(3003, 50, 9)),
  ).toEqual([[1000, false, [2001, false], [2002, false, [3003, true]]]]);
  // Sent off and not waited for.
  expect(tree(request(1000, 0, 10), request(2001, 5000, 100))).toEqual([[1000, false, [2001, false]]]);
});

test("[L6] what a client wrote does not steer the terminal, and ids that only start alike are others", async () => {
  const file = join(directory, "hostile.log");
  const line = (gtxn: string, uri: string): string =>
    `2026.01.02 03:04:05 127.0.0.1 host GET ${uri} 1.1 0 200 2 ${gtxn} 1000 "a \\" b" - - "x ${gtxn} 1000" - W0 1 2 3\n`;
  appendFileSync(
    file,
    line("GTID-1", "/a\x1b[31m\x9b2J") +
      line("GTID-12", "/b") +
      "no line GTID-1\n{GTID-1\n" +
      "  GTID-1 loose\n",
  );
  const drawn = await run([...skitaiCommand, "trace", "GTID-1", "hostile.log"], directory);
  expect(drawn.stdout).toStartWith("GTID-1: 1 request\n1000  GET /a?[31m?2J  200  5 ms");
  const other = await skitai(["trace", "GTID-12", "hostile.log"], directory);
  expect(other.stdout).toStartWith("GTID-12: 1 request\n1000  GET /b  200  5 ms");
});

test("[L6] lines are found whole, wherever chunks end", async () => {
  const text = "one\nid a\n  more id\n  last\nid b\nx id\n\n  not of it\nend id";
  const bytes = new TextEncoder().encode(text);
  for (let size = 1; size <= bytes.length; size++) {
    const chunks = async function* () {
      for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
    };
    const found = await Array.fromAsync(matchingLines(chunks(), "id"));
    expect(found).toEqual(["id a\n  more id\n  last", "id b", "x id", "end id"]);
  }
});

/** Bytes, 0 when there is no such process any more. */
function peakOf(pid: number): number {
  try {
    return 1024 * Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

test("[L6] a big log takes constant memory", async () => {
  const file = join(directory, "big.log");
  const block =
    "2026.01.02 03:04:05 127.0.0.1 host GET / 1.1 0 200 2 GTID-C1-R1 1000 - - - - - W0 1 2 3\n".repeat(
      12_000,
    );
  for (let count = 0; count < 200; count++) appendFileSync(file, block);
  appendFileSync(file, block.slice(0, 92).replace("GTID-C1-R1", "GTID-C1-R2"));
  const child = Bun.spawn([...skitaiCommand, "trace", "GTID-C1-R2", file], { stdout: "pipe" });
  const said = child.stdout.text();
  // A child's maxRSS is at least what its parent had when it was made: its own peak is asked of the kernel while it runs.
  let peak = 0;
  while (child.exitCode === null) {
    peak = Math.max(peak, peakOf(child.pid));
    await Bun.sleep(2);
  }
  expect(await said).toStartWith("GTID-C1-R2: 1 request\n");
  expect(peak).toBeWithin(10e6, 160e6);
}, 20_000);

test("[L6] a transaction or a log that is not there ends with 1", async () => {
  const none = await skitai(["trace", "GTID-none", "logs"], directory);
  expect(none).toMatchObject({ exitCode: 1, stdout: "" });
  expect(none.stderr).toMatch(/GTID-none: nothing of it is in \d+ log files/);
  const gone = await skitai(["trace", id, "gone.log"], directory);
  expect(gone.stderr).toContain("gone.log: there is no such log file or directory");
});
