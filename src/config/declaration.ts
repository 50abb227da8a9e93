import { SkitaiError } from "../errors.ts";
import { type AliasDeclaration, aliasDeclaration } from "./alias-options.ts";
import { cacheErrors, type CacheOptions, type CacheSettings, cacheSettings } from "./cache-options.ts";
import { CommandLine } from "./arguments.ts";
import {
  clusterAliasErrors,
  type ClusterMode,
  clusterErrors,
  clusterMode,
  type ClusterOptions,
} from "./cluster-options.ts";
import {
  type EnableGateway,
  type GatewayDeclaration,
  gatewayDeclaration,
  gatewayOptions,
} from "./gateway-options.ts";
import { type GrpcDeclaration, grpcErrors, type GrpcOptions, type GrpcServices } from "./grpc-options.ts";
import { mountOptionErrors } from "./mount-options.ts";
import type { MountOptions, MountTarget, Preference } from "./mount-types.ts";
import { acceptedPoint, isPoint, normalizedPoint } from "./points.ts";
import { MountPreference } from "./preference.ts";
import {
  defaultProxyIdle,
  proxyErrors,
  type ProxyIdle,
  type ProxyKeepAlive,
  proxyKeepAliveErrors,
  type ProxyOptions,
} from "./proxy-options.ts";
import {
  type ScheduleDeclaration,
  scheduleDeclaration,
  type ScheduledWork,
  type ScheduleOptions,
} from "./schedule-options.ts";
import { stateNameErrors } from "./state-names.ts";
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
  readonly aliases: AliasDeclaration[] = [];
  readonly options: RunOptions = {};
  readonly logOff: string[] = [];
  readonly maxAges: { prefix: string; seconds: number }[] = [];
  /** Names of shared words. */
  readonly states = new Set<string>();
  /** Directory for log files; `""` is the default place, `undefined` the console. */
  logDirectory: string | undefined;
  /** `undefined` without `enableSsl`. */
  tls: TlsDeclaration | undefined;
  /** `undefined` without `enableCacheFs`. */
  cache: CacheSettings | undefined;
  /** `undefined` without `enableCluster`. */
  cluster: ClusterMode | undefined;
  /** `undefined` without `enableForward`. */
  forward: ForwardDeclaration | undefined;
  /** `undefined` without `enableGateway`. */
  gateway: GatewayDeclaration | undefined;
  /** Seconds; `undefined` without `setBackendKeepAlive`. */
  backendKeepAlive: number | undefined;
  readonly grpc: GrpcDeclaration[] = [];
  readonly schedules: ScheduleDeclaration[] = [];
  /** `undefined` without `enableProxy`. */
  proxy: ProxyOptions | undefined;
  proxyIdle: ProxyIdle = defaultProxyIdle;
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

  /** The first declaration of a name holds, as in the reference. */
  alias(...given: Parameters<typeof aliasDeclaration>): AliasDeclaration | undefined {
    this.#open("alias");
    try {
      const alias = aliasDeclaration(...given);
      this.aliases.push(alias);
      return alias;
    } catch (error) {
      this.errors.push(error as SkitaiError);
      return undefined;
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

  /** @returns what of it can be used */
  registerNames(call: string, names: readonly string[]): readonly string[] {
    this.#open(call);
    const errors = stateNameErrors(call, names, this.states);
    this.errors.push(...errors);
    if (errors.length > 0) return [];
    for (const name of names) this.states.add(name);
    return names;
  }

  enableCache(options: CacheOptions): void {
    this.#open("enableCacheFs");
    const errors = cacheErrors(options);
    this.errors.push(...errors);
    if (errors.length === 0) this.cache = cacheSettings(options);
  }

  /** The alias may be declared behind it. The last call holds. */
  enableCluster(alias: string, options: ClusterOptions = {}): void {
    this.#open("enableCluster");
    const errors = clusterErrors(alias, options);
    this.errors.push(...errors);
    if (errors.length === 0) this.cluster = clusterMode(alias, options);
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

  /** The last call holds. */
  enableGateway(...given: EnableGateway): void {
    this.#open("enableGateway");
    try {
      const options = gatewayOptions(...given);
      this.gateway = options && gatewayDeclaration(options);
    } catch (error) {
      this.errors.push(...((error instanceof AggregateError ? error.errors : [error]) as SkitaiError[]));
    }
  }

  sched(cron: string, work: ScheduledWork, options: ScheduleOptions = {}): void {
    this.#open("sched");
    const taken = new Set(this.schedules.map(({ name }) => name));
    try {
      this.schedules.push(scheduleDeclaration(cron, work, options, taken));
    } catch (error) {
      this.errors.push(error as SkitaiError);
    }
  }

  serveGrpc(port: number, file: string, services: GrpcServices, options: GrpcOptions = {}): void {
    this.#open("grpc");
    const errors = grpcErrors(port, file, services, options);
    this.errors.push(...errors);
    if (errors.length === 0) this.grpc.push({ port, file, services, options: { ...options } });
  }

  enableProxy(options: ProxyOptions): void {
    this.#open("enableProxy");
    const errors = proxyErrors(options);
    this.errors.push(...errors);
    if (errors.length === 0) this.proxy = Object.freeze({ ...options });
  }

  setProxyKeepAlive(given: ProxyKeepAlive): void {
    this.#open("setProxyKeepAlive");
    const errors = proxyKeepAliveErrors(given);
    this.errors.push(...errors);
    if (errors.length > 0) return;
    const { channel, tunnel } = { ...this.proxyIdle, ...given };
    this.proxyIdle = Object.freeze({ channel: parseDuration(channel)!, tunnel: parseDuration(tunnel)! });
  }

  /** The last call holds. */
  setBackendKeepAlive(given: Duration): void {
    this.#open("setBackendKeepAlive");
    const seconds = parseDuration(given);
    if (seconds !== undefined && seconds >= 1 && seconds <= 3600) this.backendKeepAlive = seconds;
    else
      this.errors.push(
        new SkitaiError("OPTION_INVALID", {
          name: "setBackendKeepAlive",
          value: given,
          accepted: "1 second to 1 hour",
        }),
      );
  }

  /** Whether `run()` has taken it. */
  get isClosed(): boolean {
    return this.#closed;
  }

  /** No more can be declared from here on. */
  close(): void {
    this.#closed = true;
    const preferences = new Set(this.mounts.map(({ preference }) => preference));
    this.errors.push(...[...preferences].flatMap(({ errors }) => errors));
    if (this.cluster !== undefined) this.errors.push(...clusterAliasErrors(this.cluster, this.aliases));
    for (const part of [
      this.mounts,
      this.aliases,
      this.options,
      this.logOff,
      this.maxAges,
      this.grpc,
      this.schedules,
      this.errors,
    ])
      Object.freeze(part);
  }

  #open(name: string): void {
    if (this.#closed) throw new SkitaiError("DECLARATION_CLOSED", { name, accepted: "only before run()" });
  }

  #refuse(name: string, value: unknown, accepted: string): void {
    this.errors.push(new SkitaiError("MOUNT_INVALID", { name, value, accepted }));
  }
}
