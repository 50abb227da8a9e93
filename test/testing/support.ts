/** The URL of a script of `fixtures`. */
export const fixture = (name: string): URL => new URL(`./fixtures/${name}`, import.meta.url);

/** A `bun test` of its own on one fixture. */
export function bunTest(name: string, env: Record<string, string> = {}) {
  const run = Bun.spawn([process.execPath, "test", Bun.fileURLToPath(fixture(name))], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: undefined, ...env },
  });
  const done = async () => {
    const [stdout, stderr, exitCode] = await Promise.all([run.stdout.text(), run.stderr.text(), run.exited]);
    return { stdout, stderr, exitCode };
  };
  return { run, done };
}

/** Resolves with the first line of a stream that starts with `start`. */
export async function lineOf(stream: ReadableStream<Uint8Array>, start: string): Promise<string> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of stream) {
    text += decoder.decode(chunk, { stream: true });
    const line = text
      .split("\n")
      .slice(0, -1)
      .find((each) => each.startsWith(start));
    if (line !== undefined) return line;
  }
  throw new Error(`no line ${start} in: ${text}`);
}

/** Members of a process group, by pid, zombies left out; and the watchdogs of that group. */
export async function membersOf(group: number): Promise<string[]> {
  const found: string[] = [];
  for await (const pid of new Bun.Glob("[0-9]*").scan({ cwd: "/proc", onlyFiles: false })) {
    const stat = await read(`/proc/${pid}/stat`);
    const [state, , pgrp] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (state === undefined || state === "Z") continue;
    if (Number(pgrp) === group) found.push(pid);
    else if ((await read(`/proc/${pid}/cmdline`)).includes(`skitai-test-watchdog\0${group}\0`))
      found.push(`dog ${pid}`);
  }
  return found;
}

/** Waits until nothing of the group is left, 5 s at most; what is left then. */
export async function leftOf(group: number): Promise<string[]> {
  const end = Bun.nanoseconds() + 5e9;
  for (;;) {
    const members = await membersOf(group);
    if (members.length === 0 || Bun.nanoseconds() > end) return members;
    await Bun.sleep(5);
  }
}

async function read(path: string): Promise<string> {
  return Bun.file(path)
    .text()
    .catch(() => "");
}
