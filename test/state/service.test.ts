import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "bun:test";
import { findUser } from "../../src/system/user.ts";
import { eventually, fixture, pinEach, runScript, type Pinned, Service } from "../process/support.ts";
import { asNobody, install, openDirectory, skitai } from "../cli/support.ts";

/** Of the fixtures of `Service`. */
const script = "../../state/fixtures/service.ts";
const isRoot = process.getuid?.() === 0;
const directory = mkdtempSync(join(tmpdir(), "states-"));
chmodSync(directory, 0o755);
afterAll(() => rmSync(directory, { recursive: true }));
let files = 0;

function namesFile(...names: string[]): string {
  const file = join(directory, `names-${files++}`);
  writeFileSync(file, JSON.stringify(names), { mode: 0o644 });
  return file;
}

interface Answer {
  readonly pid: number;
  readonly result?: number | null;
  readonly error?: string;
}

/** Calls of `was` in a worker. */
async function call(pin: Pinned, name: string, ...given: readonly unknown[]): Promise<Answer> {
  return JSON.parse((await pin.get(`/${name}?${encodeURIComponent(JSON.stringify(given))}`)).body);
}

const result = async (pin: Pinned, name: string, ...given: readonly unknown[]): Promise<unknown> => {
  const { result, error } = await call(pin, name, ...given);
  return error ?? result;
};

async function pinAll(service: Service): Promise<Pinned[]> {
  return [...(await pinEach(await service.port(), await service.workers())).values()];
}

/** Other workers than those. */
const replaced = (service: Service, before: readonly number[]): Promise<number[]> =>
  eventually(async () => {
    const now = await service.workers();
    return now.length === before.length && now.every((pid) => !before.includes(pid)) && now;
  });

const start = (NAMES: string, options: Partial<Parameters<typeof Service.ready>[1]> = {}): Promise<Service> =>
  Service.ready(script, {
    ...options,
    args: ["--workers=2", ...(options.args ?? [])],
    env: { SUDO_UID: undefined, SUDO_GID: undefined, KEYS: '["tables.users"]', NAMES, ...options.env },
  });

/** Whether it has mapped a file of shared memory, one without a name. */
const sharesNameless = (pid: number): boolean =>
  / \/dev\/shm\/#\d+ \(deleted\)$/m.test(readFileSync(`/proc/${pid}/maps`, "latin1"));
/** Names that the service may have left there; others use it too. */
const leftOver = (): string[] => readdirSync("/dev/shm").filter((name) => /skitai|words/.test(name));

test("[H1] [H2] what one worker sets the others read, at once", async () => {
  await using service = await start(namesFile("hits", "jobs"), { args: ["--workers=4"] });
  const pins = await pinAll(service);
  expect(pins.length).toBe(4);
  const read = (name: string, ...given: readonly unknown[]): Promise<unknown[]> =>
    Promise.all(pins.map((pin) => result(pin, name, ...given)));
  const started = await read("getlu", "tables.users");
  expect(new Set(started).size).toBe(1);
  expect(Math.abs(Number(started[0]) - Date.now() / 1000)).toBeLessThan(20);
  expect(await read("getgs", "hits", 3)).toEqual([3, 3, 3, 3]);
  expect(await result(pins[0]!, "setgs", "hits", 40)).toBe(null);
  expect(await read("getgs", "hits", 3)).toEqual([40, 40, 40, 40]);
  expect((await read("incgs", "hits")).toSorted()).toEqual([41, 42, 43, 44]);
  expect(await read("getgs", "jobs")).toEqual([0, 0, 0, 0]);
  for (const pin of pins) {
    const time = await result(pin, "setlu", "tables.users");
    expect(time).toBeGreaterThan(Number(started[0]));
    expect(await read("getlu", "jobs", "tables.users")).toEqual([time, time, time, time]);
  }
  for (const pin of pins) pin[Symbol.dispose]();
});

test("[H1] [H2] values outlive workers killed -9 and a reload that brings other names", async () => {
  const file = namesFile("first", "second", "third");
  await using service = await start(file);
  let pins = await pinAll(service);
  for (const [index, name] of ["first", "second", "third"].entries())
    await result(pins[0]!, "setgs", name, index + 1);
  const time = await result(pins[1]!, "setlu", "tables.users");
  const killed = await service.workers();
  for (const pid of killed) process.kill(pid, "SIGKILL");
  const second = await replaced(service, killed);
  pins = await eventually(() => pinAll(service).catch(() => undefined));
  expect(await result(pins[0]!, "getgs", "second")).toBe(2);
  expect(await result(pins[1]!, "getlu", "tables.users")).toBe(time);

  writeFileSync(file, JSON.stringify(["third", "new", "first"]));
  service.signal("SIGHUP");
  await replaced(service, second);
  pins = await pinAll(service);
  for (const pin of pins) {
    expect(await result(pin, "getgs", "first")).toBe(1);
    expect(await result(pin, "getgs", "third")).toBe(3);
    expect(await result(pin, "getgs", "new", 9)).toBe(9);
    expect(await result(pin, "getgs", "second")).toContain('name of a state: "second" is not accepted');
  }
  await result(pins[1]!, "incgs", "new", 4);
  expect(await result(pins[0]!, "getgs", "new", 9)).toBe(4);
  for (const pin of pins) pin[Symbol.dispose]();
}, 15_000);

test("[H1] a service begins anew, and leaves nothing behind, killed -9 or not", async () => {
  const runDirectory = join(directory, "run");
  for (const signal of ["SIGTERM", "SIGKILL", "SIGTERM"] as const) {
    await using service = await start(namesFile("hits"), { args: [`--run-directory=${runDirectory}`] });
    const pins = await pinAll(service);
    expect(await result(pins[0]!, "getgs", "hits", -1)).toBe(-1);
    expect(await result(pins[1]!, "incgs", "hits", 5)).toBe(5);
    for (const pid of await service.workers()) expect(sharesNameless(pid)).toBe(true);
    expect(leftOver()).toEqual([]);
    for (const pin of pins) pin[Symbol.dispose]();
    service.signal(signal);
    await service.ended();
    expect(await service.left()).toEqual([]);
    expect(leftOver()).toEqual([]);
    const files = readdirSync(directory, { recursive: true }).filter((name) =>
      String(name).startsWith("run"),
    );
    expect(files.filter((name) => /words/.test(String(name)))).toEqual([]);
  }
}, 15_000);

test("[H1] too many names, and what is no name, are said before anything starts", async () => {
  const many = Array.from({ length: 256 }, (_, index) => `name-${index}`);
  const NAMES = namesFile(...many);
  const args = ["--port=0"];
  expect(await runScript(script, { args, env: { NAMES, KEYS: '["tables.users"]' } })).toEqual({
    code: 1,
    stdout: "",
    stderr:
      'skitai: registerCacheKeys: "tables.users" is not accepted; accepted: 256 names in all, this makes 257\n',
  });
  expect(await runScript(script, { args, env: { KEYS: '["", 7]' } })).toEqual({
    code: 1,
    stdout: "",
    stderr: ['""', "7"]
      .map(
        (value) =>
          `skitai: registerCacheKeys: ${value} is not accepted; accepted: a text of 1 to 100 characters\n`,
      )
      .join(""),
  });
  await using service = await start(NAMES, { env: { KEYS: "[]" } });
  const [one, other] = await pinAll(service);
  await result(one!, "setgs", "name-255", 7);
  expect(await result(other!, "getgs", "name-255")).toBe(7);
  for (const pin of [one!, other!]) pin[Symbol.dispose]();
});

test("[H1] a reload that needs more names than there is room for is refused, and the old workers serve on", async () => {
  const file = namesFile();
  await using service = await start(file, { args: ["--workers=1"], env: { KEYS: "[]" } });
  const names = (version: number): string =>
    JSON.stringify(Array.from({ length: 256 }, (_, index) => `v${version}-${index}`));
  for (let version = 0; version < 4; version++) {
    const before = await service.workers();
    writeFileSync(file, names(version));
    service.signal("SIGHUP");
    await replaced(service, before);
  }
  writeFileSync(file, names(4));
  service.signal("SIGHUP");
  await eventually(() =>
    service.stdout.text.includes("1024 names over all reloads of a service: restart it"),
  );
  const [pin] = await pinAll(service);
  expect(await result(pin!, "incgs", "v3-255")).toBe(1);
  pin![Symbol.dispose]();
}, 15_000);

const users: [who: string, through: readonly string[], args: readonly string[]][] = [
  ["an ordinary user", asNobody, []],
  ["root, whose workers are nobody", [], ["--user=nobody"]],
];
for (const [who, through, args] of users)
  test.skipIf(!isRoot || findUser("nobody") === undefined)(`[H1] [W7] started by ${who}`, async () => {
    await using service = await start(namesFile("hits"), { through, args, env: { HOME: tmpdir() } });
    const before = await service.workers();
    for (const pid of before)
      expect(readFileSync(`/proc/${pid}/status`, "latin1")).toMatch(/^Uid:\t65534\t65534/m);
    const [one, other] = await pinAll(service);
    expect(await result(one!, "incgs", "hits", 3)).toBe(3);
    expect(await result(other!, "getgs", "hits")).toBe(3);
    service.signal("SIGHUP");
    await replaced(service, before);
    const [next] = await pinAll(service);
    expect(await result(next!, "getgs", "hits")).toBe(3);
    for (const pin of [one!, other!, next!]) pin[Symbol.dispose]();
  });

test("[H1] [Y2] workers of an executable share words", async () => {
  const place = openDirectory();
  try {
    writeFileSync(join(place, "serve.ts"), readFileSync(fixture(script)));
    install(place);
    const built = await skitai(["build", "serve.ts", "--outfile=app"], place);
    expect([built.exitCode, built.stderr]).toEqual([0, ""]);
    await using service = await start(namesFile("hits"), {
      command: [join(place, "app")],
      env: { HOME: place },
    });
    const before = await service.workers();
    const [one, other] = await pinAll(service);
    expect(await result(one!, "incgs", "hits", 3)).toBe(3);
    expect(await result(other!, "getgs", "hits")).toBe(3);
    service.signal("SIGHUP");
    await replaced(service, before);
    const [next] = await pinAll(service);
    expect(await result(next!, "getgs", "hits")).toBe(3);
    for (const pin of [one!, other!, next!]) pin[Symbol.dispose]();
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}, 20_000);
