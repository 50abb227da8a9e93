import { mkdtemp, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "bun:test";
import { shortTitle } from "../../src/system/process-title.ts";
import { fixture, Service } from "./support.ts";

/** What ps(1) shows. */
const shown = async (pid: number): Promise<{ comm: string; args: string }> => {
  const run = Bun.spawn(["ps", "-o", "comm=,args=", "-p", String(pid)]);
  const line = (await run.stdout.text()).trimEnd();
  return { comm: line.slice(0, 15).trimEnd(), args: line.slice(16).trimEnd() };
};

interface Environment {
  readonly own: Record<string, string>;
  readonly child: string;
  readonly argv: string[];
  readonly execPath: string;
}

const ask = async (service: Service): Promise<Environment> =>
  (await (await fetch(await service.url("/environment"))).json()) as Environment;

/** Variables that every process sets for itself, and those other tests' helpers look at. */
const changing = /^(SKITAI_|PORT$|HOST$|WEB_CONCURRENCY$|XDG_STATE_HOME$|PWD$|OLDPWD$|SHLVL$|_$)/;

test("[W2] ps tells master and workers apart", async () => {
  await using service = await Service.ready("app.ts", { args: ["--workers=2", "--name=myapp"] });
  expect(await shown(service.pid)).toEqual({ comm: "myapp:m", args: "skitai/myapp: master" });
  const workers = await service.workers();
  const seen = await Promise.all(workers.map(shown));
  expect(seen).toEqual([
    { comm: "myapp:w0", args: "skitai/myapp: worker #0" },
    { comm: "myapp:w1", args: "skitai/myapp: worker #1" },
  ]);
});

test("[W2] a short name keeps the end that tells processes apart", () => {
  expect(shortTitle("petstore", ":m")).toBe("petstore:m");
  expect(shortTitle("a-very-long-service-name", ":w12")).toBe("a-very-long:w12");
});

test("[W2] titles are right, and the environment stays, when names are longer than the arguments", async () => {
  const name = "n".repeat(64);
  // One letter for the script and nothing else: the title has to run on into the environment.
  const directory = await mkdtemp(join(tmpdir(), "title-"));
  await symlink(process.execPath, join(directory, "b"));
  await writeFile(join(directory, "s.ts"), `import ${JSON.stringify(fixture("app.ts"))};`);
  const marks = Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`MARK_${n}`, `${n}`.repeat(40)]));
  const env = {
    ...Object.fromEntries(Object.keys(process.env).map((key) => [key, undefined])),
    A: "first",
    SKITAI_NAME: name,
    SKITAI_PORT: "0",
    PATH: "/usr/bin:/bin",
    EMPTY: "",
    ...marks,
  };
  await using service = new Service("", { command: ["env", "-C", directory, "./b", "s.ts"], env });
  await service.whenReady();
  const [worker] = await service.workers();
  expect(await shown(service.pid)).toEqual({ comm: `${"n".repeat(13)}:m`, args: `skitai/${name}: master` });
  expect(await shown(worker!)).toEqual({ comm: `${"n".repeat(12)}:w0`, args: `skitai/${name}: worker #0` });
  const { own, child } = await ask(service);
  expect(own).toMatchObject({ A: "first", PATH: "/usr/bin:/bin", EMPTY: "", ...marks });
  const variables = child.split("\0").filter((line) => line !== "");
  for (const [key, value] of Object.entries({ A: "first", ...marks }))
    expect(variables).toContain(`${key}=${value}`);
  // A worker that is started later gets them from the master, whose memory was written over too.
  process.kill(worker!, "SIGKILL");
  const later = await (async () => {
    for (;;) {
      const answer = await ask(service).catch(() => undefined);
      if (answer) return answer;
      await Bun.sleep(10);
    }
  })();
  expect(later.own).toMatchObject({ A: "first", PATH: "/usr/bin:/bin", EMPTY: "", ...marks });
});

test("[W2] the app and its children see the environment of the master, nothing of the engine's", async () => {
  const env = { BUN_OPTIONS: "--smol", QUOTED: 'a=b "c"', RUN: "{}" };
  await using service = await Service.ready("app.ts", { args: ["---gc"], env });
  const { own, child, argv, execPath } = await ask(service);
  expect(own).toMatchObject(env);
  expect(Object.keys(own).filter((key) => key.startsWith("SKITAI_"))).toEqual([]);
  const expected: Record<string, string | undefined> = { ...process.env, ...env };
  const seen = Object.fromEntries(child.split("\0").map((line) => line.split(/=(.*)/s, 2)));
  for (const key of Object.keys(expected)) if (!changing.test(key)) expect(seen[key]).toBe(expected[key]);
  expect(argv.slice(1)).toEqual([fixture("app.ts"), "--port=0", "---gc"]);
  expect(execPath).toBe(process.execPath);
});

test("[W1] a script that an app starts is a service of its own, not a worker of this one", async () => {
  await using service = await Service.ready("app.ts");
  const workers = await service.workers();
  const nested = await (await fetch(await service.url("/nested"))).text();
  expect(nested).toStartWith("Usage: app.ts");
  expect(await service.workers()).toEqual(workers);
});
