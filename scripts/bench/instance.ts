import { mkdir } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import type { Request } from "./case.ts";
import { headersOf } from "./load.ts";
import { packages } from "./peers.ts";
import { processTree } from "./processes.ts";
import { type ServerName, servers } from "./servers/registry.ts";
import type { Workspace } from "./workspace.ts";

const START_DEADLINE = 10_000;
const STOP_DEADLINE = 3_000;

/** A running server. */
export interface Instance {
  readonly name: ServerName;
  /** First process: leader of the session all others belong to. */
  readonly pid: number;
  readonly port: number;
  readonly logs: string;
  /** Milliseconds from spawn to the first right answer. */
  readonly startTime: number;
  stop(): Promise<void>;
}

export interface StartOptions {
  readonly workspace: Workspace;
  readonly binary: string | undefined;
  /** Run on this CPU only. */
  readonly cpu: number | undefined;
  readonly signal: AbortSignal;
}

/** A TCP port nobody listens on. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no free port");
  return address.port;
}

/** @returns whether the answer is the right one; `undefined` when nobody listens yet */
async function probe(port: number, request: Request): Promise<string | undefined> {
  try {
    const answer = await fetch(`${request.secure ? "https" : "http"}://127.0.0.1:${port}${request.path}`, {
      headers: headersOf(request),
      keepalive: false,
      tls: { rejectUnauthorized: false },
      signal: AbortSignal.timeout(5_000),
    });
    const { byteLength } = await answer.arrayBuffer();
    if (answer.status === 200 && byteLength === request.bytes) return "right";
    return `answered ${answer.status} with ${byteLength} bytes instead of 200 with ${request.bytes}`;
  } catch {
    return undefined;
  }
}

/** Polls every millisecond. */
async function firstAnswer(
  child: Bun.Subprocess,
  port: number,
  request: Request,
  signal: AbortSignal,
): Promise<void> {
  const deadline = Bun.nanoseconds() + START_DEADLINE * 1e6;
  let last: string | undefined;
  while (Bun.nanoseconds() < deadline) {
    signal.throwIfAborted();
    last = await probe(port, request);
    if (last === "right") return;
    if (child.exitCode !== null || child.signalCode !== null)
      throw new Error(`ended with ${child.signalCode ?? child.exitCode} before it answered`);
    await Bun.sleep(1);
  }
  throw new Error(last ?? `no answer in ${START_DEADLINE / 1000} s`);
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended by itself.
  }
}

const running = new Set<Bun.Subprocess>();

/** Asks first, so that a server can clean up; then ends all that is left of its process group, session and descendants. */
async function stop(child: Bun.Subprocess): Promise<void> {
  const members = processTree(child.pid);
  kill(child.pid, "SIGTERM");
  await Promise.race([child.exited, Bun.sleep(STOP_DEADLINE)]);
  kill(-child.pid, "SIGKILL");
  for (const pid of new Set([...members, ...processTree(child.pid)])) kill(pid, "SIGKILL");
  await child.exited;
  running.delete(child);
}

/** Ends every server that still runs. */
export async function stopAll(): Promise<void> {
  await Promise.all([...running].map(stop));
}

let counter = 0;

async function launch(name: ServerName, { workspace, binary, cpu, signal }: StartOptions) {
  const id = `${name}-${process.pid}-${counter++}`;
  const directory = join(workspace.files, id);
  const logs = join(workspace.logs, id);
  await Promise.all([mkdir(directory), mkdir(logs)]);
  const port = await freePort();
  const { site, bun, sqlite, certificate } = workspace;
  const services = await workspace.services.need(servers[name].needs ?? []);
  const command = await servers[name].command({
    port,
    directory,
    logs,
    site,
    sqlite,
    certificate,
    services,
    bun,
    packages,
    binary,
    name: `bench-${id}`,
  });
  const output = join(directory, "output.txt");
  const pin = cpu === undefined ? [] : ["taskset", "-c", `${cpu}`];
  signal.throwIfAborted();
  const started = Bun.nanoseconds();
  const child = Bun.spawn([...pin, ...command.argv], {
    cwd: directory,
    env: { ...process.env, ...command.env },
    stdio: ["ignore", Bun.file(output), Bun.file(output)],
    detached: true, // leader of a session and a process group of its own
  });
  running.add(child);
  return { child, port, logs, output, started };
}

/** Starts a server and waits until it answers `request`. @throws Error with the end of the server's output */
export async function start(name: ServerName, request: Request, options: StartOptions): Promise<Instance> {
  const { child, port, logs, output, started } = await launch(name, options);
  try {
    await firstAnswer(child, port, request, options.signal);
  } catch (error) {
    await stop(child);
    const said = (await Bun.file(output).text()).trim().slice(-600);
    throw new Error(`${(error as Error).message}${said && `\n${said}`}`);
  }
  const startTime = (Bun.nanoseconds() - started) / 1e6;
  return { name, pid: child.pid, port, logs, startTime, stop: () => stop(child) };
}
