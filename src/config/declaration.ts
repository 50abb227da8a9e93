import { SkitaiError } from "../errors.ts";
import { CommandLine } from "./arguments.ts";
import { parseDuration } from "./units.ts";
import type { Duration, RunOptions, Size } from "./options.ts";
import type { Context } from "../context.ts";

/** A fetch function: Web `Request` in, `Response` out. `context` is also `was.context` and, in Hono, `c.env`. */
export type FetchHandler = (request: Request, context: Context) => Response | Promise<Response>;

/** Anything with `.fetch`: Hono, Elysia, h3, itty-router … */
export interface FetchApp {
  fetch(request: Request, ...rest: never[]): Response | Promise<Response>;
}

/** A Node-style `(req, res)` app: Express, Koa's callback, Fastify's `routing`. Spec E10. */
export type NodeHandler = (request: never, response: never) => unknown;

/**
 * What can be mounted. Text is, in this order: a directory (`"./static"`), or a module by path with the export
 * after a colon (`"app_v1"`, `"./app_v1.ts"`, `"app_v1/app:app"`; default `app`, then `default`). Spec E1-E3, E10.
 */
export type MountTarget = string | FetchHandler | FetchApp | NodeHandler;

/** Turns an error of one app into its own answer; `undefined` leaves it to the engine. Spec E14. */
export type ErrorHandler = (
  error: unknown,
  request: Request,
  context: Context,
) => Response | undefined | Promise<Response | undefined>;

/** Settings of one mount. */
export interface MountOptions {
  /** Virtual hosts: `"www.site1.com"`, `"*.site1.com"` or `".site1.com"`, several by spaces or as a list. Spec E6. */
  host?: string | readonly string[];
  /** Largest request body of this app; default and upper bound: `maxUploadSize`. Spec E11. */
  maxClientBodySize?: Size;
  /** Largest `multipart/form-data` body of this app. */
  maxMultipartBodySize?: Size;
  /** Largest single file in a multipart body. */
  maxUploadFileSize?: Size;
  /** Error details in answers even in production, but not with `--silent`. */
  debug?: boolean;
  onError?: ErrorHandler;
}

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
    else
      this.mounts.push(
        Object.freeze({ point: normalized(point), target, options: Object.freeze({ ...options }) }),
      );
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
      if (typeof pattern === "string" && pattern.length > 0 && pattern !== "*") this.logOff.push(pattern);
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

/** `"/v1/"` and `"/v1"` are one point, written `/v1`; the root is `""`. */
const normalized = (point: string): string => point.replace(/\/$/, "");

const isPoint = (point: unknown): point is string =>
  typeof point === "string" && /^\/[^?#\s\\]*$/.test(point) && !/\/\/|\/\.{1,2}(\/|$)/.test(point);

const isTarget = (target: unknown): boolean =>
  (typeof target === "string" && target.length > 0) ||
  typeof target === "function" ||
  (typeof target === "object" && target !== null && "fetch" in target && typeof target.fetch === "function");
