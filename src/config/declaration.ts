import { SkitaiError } from "../errors.ts";
import { CommandLine } from "./arguments.ts";
import { mountOptionErrors } from "./mount-options.ts";
import type { MountOptions, MountTarget, Preference } from "./mount-types.ts";
import { acceptedPoint, isPoint, normalizedPoint } from "./points.ts";
import { MountPreference } from "./preference.ts";
import { acceptedTarget, isTarget } from "./target-shape.ts";
import { parseDuration } from "./units.ts";
import type { Duration, RunOptions } from "./settings.ts";
import {
  type Certificate,
  type ClientCertificates,
  type ForwardDeclaration,
  forwardErrors,
  type TlsDeclaration,
  tlsErrors,
} from "./tls-options.ts";

export interface MountDeclaration {
  readonly point: string;
  readonly target: MountTarget;
  readonly options: MountOptions;
  readonly preference: MountPreference;
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
  /** `undefined` without `enableSsl`. */
  tls: TlsDeclaration | undefined;
  /** `undefined` without `enableForward`. */
  forward: ForwardDeclaration | undefined;
  /** Errors in the calls themselves, shown together with those of the values. */
  readonly errors: SkitaiError[] = [];
  #closed = false;

  constructor(words: readonly string[]) {
    this.commandLine = new CommandLine(words);
  }

  mount(point: string, target: MountTarget, given: MountOptions | Preference = {}): void {
    this.#open("mount");
    if (!isPoint(point)) this.#refuse("mount", point, acceptedPoint);
    else if (!isTarget(target)) this.#refuse(`mount("${point}")`, target, acceptedTarget);
    else {
      const isPreference = given instanceof MountPreference;
      const preference = isPreference ? given : new MountPreference(given as MountOptions);
      this.errors.push(...(isPreference ? preference.optionErrors(point) : mountOptionErrors(point, given)));
      const { options } = preference;
      this.mounts.push(Object.freeze({ point: normalizedPoint(point), target, options, preference }));
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

  /** Each call adds certificates; what it says about clients goes over what was said before. */
  enableSsl(certificates: readonly Certificate[], clients: ClientCertificates = {}): void {
    this.#open("enableSsl");
    const errors = tlsErrors(certificates, clients);
    this.errors.push(...errors);
    if (errors.length > 0) return;
    this.tls = {
      certificates: [...(this.tls?.certificates ?? []), ...certificates],
      clients: { ...this.tls?.clients, ...clients },
    };
  }

  enableForward(from: number, to: number, domain?: string): void {
    this.#open("enableForward");
    const errors = forwardErrors(from, to, domain);
    this.errors.push(...errors);
    if (errors.length === 0) this.forward = { from, to, domain: domain?.toLowerCase() };
  }

  /** No more can be declared from here on. */
  close(): void {
    this.#closed = true;
    const preferences = new Set(this.mounts.map(({ preference }) => preference));
    this.errors.push(...[...preferences].flatMap(({ errors }) => errors));
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
