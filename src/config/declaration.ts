import { SkitaiError } from "../errors.ts";
import { upperEscapes } from "../http/escapes.ts";
import { CommandLine } from "./arguments.ts";
import { mountOptionErrors } from "./mount-options.ts";
import type { MountOptions, MountTarget } from "./mount-types.ts";
import { parseDuration } from "./units.ts";
import type { Duration, RunOptions } from "./options.ts";

export interface MountDeclaration {
  readonly point: string;
  readonly target: MountTarget;
  readonly options: MountOptions;
}

/** Everything a script has said before `run()`. One for each process; frozen when `run()` takes it. */
export class Declaration {
  readonly commandLine: CommandLine;
  readonly mounts: MountDeclaration[] = [];
  readonly options: RunOptions = {};
  readonly logOff: string[] = [];
  readonly maxAges: { prefix: string; seconds: number }[] = [];
  /** Directory for log files; `""` is the default place, `undefined` the console. */
  logDirectory: string | undefined;
  /** Errors in the calls themselves, shown together with those of the values. */
  readonly errors: SkitaiError[] = [];
  #closed = false;

  constructor(words: readonly string[]) {
    this.commandLine = new CommandLine(words);
  }

  mount(point: string, target: MountTarget, options: MountOptions = {}): void {
    this.#open("mount");
    if (!isPoint(point))
      this.#refuse("mount", point, 'a path like "/" or "/v1", without "..", "//", "?" or "#"');
    else if (!isTarget(target))
      this.#refuse(
        `mount("${point}")`,
        target,
        "a handler, an app with .fetch, a directory or a module path",
      );
    else {
      this.errors.push(...mountOptionErrors(point, options));
      this.mounts.push(
        Object.freeze({ point: normalized(point), target, options: Object.freeze({ ...options }) }),
      );
    }
  }

  set(options: RunOptions): void {
    this.#open("options");
    Object.assign(this.options, options);
  }

  setMaxAge(prefix: string, age: Duration): void {
    this.#open("setMaxAge");
    const seconds = parseDuration(age);
    if (!prefix.startsWith("/")) this.#refuse("setMaxAge", prefix, 'a path that starts with "/"');
    else if (seconds === undefined || !(seconds >= 0))
      this.#refuse(`setMaxAge("${prefix}")`, age, 'seconds, or text like "2h", "1d"');
    else this.maxAges.push({ prefix, seconds: Math.floor(seconds) });
  }

  setLogOff(patterns: readonly string[]): void {
    this.#open("logOff");
    for (const pattern of patterns) {
      if (typeof pattern === "string" && /^(?:\*[^*]+|[^*]+\*?)$/.test(pattern)) this.logOff.push(pattern);
      else this.#refuse("logOff", pattern, 'a prefix like "/static/" or a suffix like "*.css"');
    }
  }

  enableFileLogging(directory = ""): void {
    this.#open("enableFileLogging");
    this.logDirectory = directory;
  }

  /** No more can be declared from here on. */
  close(): void {
    this.#closed = true;
    for (const part of [this.mounts, this.options, this.logOff, this.maxAges, this.errors])
      Object.freeze(part);
  }

  #open(name: string): void {
    if (this.#closed) throw new SkitaiError("DECLARATION_CLOSED", { name, accepted: "only before run()" });
  }

  #refuse(name: string, value: unknown, accepted: string): void {
    this.errors.push(new SkitaiError("MOUNT_INVALID", { name, value, accepted }));
  }
}

/**
 * `"/v1/"` and `"/v1"` are one point, written `/v1`; the root is `""`. `"/café"` is written as it stands in requests,
 * `/caf%C3%A9`, with upper-case digits (RFC 3986 §6.2.2.1).
 */
const normalized = (point: string): string =>
  upperEscapes(new URL(`http://host${point}`).pathname).replace(/\/$/, "");

const isPoint = (point: unknown): point is string =>
  typeof point === "string" &&
  /^\/[^?#\s\\]*$/.test(point) &&
  !/\/\/|\/(?:\.|%2e){1,2}(?:\/|$)|%(?![\da-f]{2})/i.test(point);

const isTarget = (target: unknown): boolean =>
  (typeof target === "string" && target.length > 0) ||
  typeof target === "function" ||
  (typeof target === "object" && target !== null && appMethods.some((name) => hasMethod(target, name)));

/** What makes an object an app: `fetch` of Hono and its like, `routing` of Fastify, `callback` of Koa. */
const appMethods = ["fetch", "routing", "callback"];

const hasMethod = (target: object, name: string): boolean =>
  typeof (target as Record<string, unknown>)[name] === "function";
