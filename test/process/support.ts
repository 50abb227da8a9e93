import { connect, type Socket } from "node:net";
import type { ReadyMessage } from "../../src/process/messages.ts";
import { Output } from "../../src/testing/output.ts";
import { Watchdog } from "../../src/testing/watchdog.ts";

export const fixture = (name: string): string =>
  Bun.fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url));

interface ServiceOptions {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Words before the command: `setpriv …`. */
  readonly through?: readonly string[];
  /** Instead of bun and the script. */
  readonly command?: readonly string[];
}

/** A real service in a process group of its own; whatever a test leaves of it is killed. */
export class Service implements AsyncDisposable {
  readonly stdout = new Output();
  readonly stderr = new Output();
  readonly #process: Bun.Subprocess<"ignore", "pipe", "pipe">;
  readonly #ready = Promise.withResolvers<ReadyMessage>();
  /** A test that runs out of time disposes nothing. */
  readonly #watchdog: Watchdog;

  constructor(script: string, { args = [], env = {}, through = [], command }: ServiceOptions = {}) {
    this.#process = Bun.spawn([...through, ...(command ?? [process.execPath, fixture(script)]), ...args], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...plainEnvironment(), ...env },
      detached: true,
      serialization: "json",
      ipc: (message: ReadyMessage) => this.#ready.resolve(message),
    });
    this.#watchdog = new Watchdog(this.#process.pid);
    this.stdout.collect(this.#process.stdout);
    this.stderr.collect(this.#process.stderr);
    this.#ready.promise.catch(() => {});
    void this.#process.exited.then(async (code) => {
      await Bun.sleep(0);
      this.#ready.reject(new Error(`ended with ${code}: ${this.stderr.text}${this.stdout.text}`));
    });
  }

  /** Starts `script` on a free port and waits until every worker serves. */
  static async ready(script: string, { args = [], ...rest }: ServiceOptions = {}): Promise<Service> {
    const service = new Service(script, { args: ["--port=0", ...args], ...rest });
    await service.whenReady();
    return service;
  }

  whenReady(): Promise<ReadyMessage> {
    return this.#ready.promise;
  }

  /** The master's, and the process group's. */
  get pid(): number {
    return this.#process.pid;
  }

  async url(path = "/"): Promise<string> {
    return (await this.#ready.promise).url + path;
  }

  async port(): Promise<number> {
    return (await this.#ready.promise).port;
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  /** To master and workers at once, as a terminal does. */
  signalGroup(signal: NodeJS.Signals): void {
    process.kill(-this.pid, signal);
  }

  /** The exit code and all that was written, when the master and everything that holds its output is gone. */
  async ended(): Promise<{ code: number | null; stdout: string; stderr: string }> {
    await this.#process.exited;
    await Promise.all([this.stdout.ended(), this.stderr.ended()]);
    return { code: this.#process.exitCode, stdout: this.stdout.text, stderr: this.stderr.text };
  }

  /** Living processes of the group. */
  left(): Promise<number[]> {
    return leftOf(this.pid);
  }

  workers(): Promise<number[]> {
    return childrenOf(this.pid);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      process.kill(-this.pid, "SIGKILL");
    } catch {
      // Gone already.
    }
    await this.#process.exited;
    await this.#watchdog.disarm();
    const left = await this.left();
    if (left.length > 0) throw new Error(`still alive: ${left.join(" ")}`);
  }
}

/** Variables of the machine that say something to the engine. */
const speaking = /^(SKITAI_|PORT$|HOST$|WEB_CONCURRENCY$|BUN_OPTIONS$|XDG_STATE_HOME$)/;

const plainEnvironment = (): Record<string, string | undefined> =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !speaking.test(name)));

/** Runs `script` to its end. */
export async function runScript(
  script: string,
  options: ServiceOptions = {},
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  await using service = new Service(script, options);
  return await service.ended();
}

/** Polls until `look` gives something, 5 s at most. */
export async function eventually<T>(
  look: () => T | undefined | false | Promise<T | undefined | false>,
  seconds = 5,
): Promise<T> {
  const end = Bun.nanoseconds() + seconds * 1e9;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (Bun.nanoseconds() > end) throw new Error(`never true: ${look}`);
    await Bun.sleep(5);
  }
}

/** Fields of proc_pid_stat(5) from the third on; empty when there is no such process. */
export async function statOf(pid: number): Promise<string[]> {
  const stat = await Bun.file(`/proc/${pid}/stat`)
    .text()
    .catch(() => "");
  return stat === "" ? [] : stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

/** Living processes whose stat fields, from the third on, are such. */
async function processes(fits: (fields: readonly string[]) => boolean): Promise<number[]> {
  const found: number[] = [];
  for await (const pid of new Bun.Glob("[0-9]*").scan({ cwd: "/proc", onlyFiles: false })) {
    const fields = await statOf(Number(pid));
    if (fields.length > 0 && fields[0] !== "Z" && fits(fields)) found.push(Number(pid));
  }
  return found.sort((a, b) => a - b);
}

export const childrenOf = (parent: number): Promise<number[]> =>
  processes(([, ppid]) => Number(ppid) === parent);

/** Waits until nothing of a process group lives, 5 s at most; what lives then. */
export async function leftOf(group: number): Promise<number[]> {
  const end = Bun.nanoseconds() + 5e9;
  for (;;) {
    const members = await processes(([, , pgrp]) => Number(pgrp) === group);
    if (members.length === 0 || Bun.nanoseconds() > end) return members;
    await Bun.sleep(5);
  }
}

export interface Answer {
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

/** One keep-alive connection: it stays with the worker that accepted it. Answers must have a Content-Length. */
export class Pinned implements Disposable {
  readonly #socket: Socket;
  #text = "";
  #waiting: { resolve: (answer: Answer) => void; reject: (error: Error) => void } | undefined;
  #failure: Error | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding("latin1");
    socket.on("data", (text: string) => this.#take(text));
    socket.on("error", (error) => this.#fail(error));
    socket.on("close", () => this.#fail(new Error("closed by the server")));
  }

  static open(port: number): Promise<Pinned> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: "127.0.0.1" }, () => resolve(new Pinned(socket)));
      socket.once("error", reject);
    });
  }

  /** @throws when the connection ends before the answer is whole */
  get(path = "/"): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.#failure) return reject(this.#failure);
      this.#waiting = { resolve, reject };
      this.#socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    });
  }

  /** Resolves when the server has closed it. */
  closed(): Promise<void> {
    if (this.#failure) return Promise.resolve();
    return new Promise((resolve) => this.#socket.once("close", () => resolve()));
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  #take(text: string): void {
    this.#text += text;
    const end = this.#text.indexOf("\r\n\r\n");
    if (end < 0) return;
    const head = this.#text.slice(0, end);
    const length = Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0);
    if (this.#text.length < end + 4 + length) return;
    const body = this.#text.slice(end + 4, end + 4 + length);
    this.#text = this.#text.slice(end + 4 + length);
    const answered = this.#waiting;
    this.#waiting = undefined;
    answered?.resolve({ status: Number(head.slice(9, 12)), head, body });
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#waiting?.reject(this.#failure);
    this.#waiting = undefined;
  }
}

/** Connections to every one of `workers`, by its pid; which worker accepts is the kernel's choice. */
export async function pinEach(port: number, workers: readonly number[]): Promise<Map<number, Pinned>> {
  const pins = new Map<number, Pinned>();
  while (pins.size < workers.length) {
    const pin = await Pinned.open(port);
    const pid = Number((await pin.get("/")).body);
    if (pins.has(pid)) pin[Symbol.dispose]();
    else pins.set(pid, pin);
  }
  return pins;
}
