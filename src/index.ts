import { RpcFault } from "./codec/rpc-fault.ts";
import {
  type AliasName,
  type AliasOptions,
  type AliasTls,
  type AliasType,
  DB_MONGODB,
  DB_PGSQL,
  DB_REDIS,
  DB_SQLITE3,
  PROTO_HTTP,
  PROTO_HTTPS,
  PROTO_WS,
  PROTO_WSS,
} from "./config/alias-options.ts";
import { Declaration } from "./config/declaration.ts";
import type {
  AppModule,
  ErrorHandler,
  Extension,
  FetchApp,
  FetchHandler,
  Hooks,
  MountOptions,
  MountTarget,
  NodeHandler,
  Preference,
  PreferenceOptions,
} from "./config/mount-types.ts";
import type { Flag } from "./config/flags.ts";
import type { AuthHandler, Claims, EnableGateway, GatewayOptions } from "./config/gateway-options.ts";
import type {
  GrpcCall,
  GrpcHandler,
  GrpcMetadata,
  GrpcMetadataInit,
  GrpcOptions,
  GrpcServices,
} from "./config/grpc-options.ts";
import type { Duration, RunOptions, Size } from "./config/settings.ts";
import { abspath, getswd } from "./config/paths.ts";
import type { Certificate, ClientCertificates } from "./config/tls-options.ts";
import { MountPreference } from "./config/preference.ts";
import type { ProxyCheck, ProxyKeepAlive, ProxyOptions, ProxyPorts } from "./config/proxy-options.ts";
import { Context } from "./context.ts";
import { codes, type ErrorCode, SkitaiError } from "./errors.ts";
import { issueToken, type TokenOptions } from "./gateway/issue.ts";
import { type GrpcCode, GrpcError } from "./grpc/error.ts";
import { trackResponseBodies } from "./http/response-body.ts";
import { type Job, job } from "./jobs/job.ts";
import { SubprocessError } from "./jobs/subprocess-error.ts";
import { currentRole } from "./process/role.ts";
import { SqlError } from "./corequest/backends/sql-error.ts";
import { CorequestError } from "./corequest/errors.ts";
import type { GrpcCallOptions, GrpcStream, GrpcStub, GrpcStubOptions } from "./corequest/grpc-stub.ts";
import { HttpError } from "./corequest/http-result.ts";
import { Q } from "./corequest/query/condition.ts";
import { sql } from "./corequest/query/raw.ts";
import { Result } from "./corequest/result.ts";
import { resultCache } from "./corequest/result-cache.ts";
import { STA_NETERR, STA_NORMAL, STA_REQFAIL, STA_TIMEOUT, STA_UNSENT } from "./corequest/status.ts";
import { Task } from "./corequest/task.ts";
import { Tasks } from "./corequest/tasks.ts";
import type { Events } from "./state/events.ts";
import { registerNames } from "./state/process.ts";
import { hub } from "./state/process-events.ts";
import { installAlias } from "./upstream/clusters.ts";
import { run as runDeclaration } from "./process/run.ts";
import { jsonrpc, type JsonRpcOptions } from "./rpc/jsonrpc-server.ts";
import type { Methods } from "./rpc/methods.ts";
import { xmlrpc, type XmlRpcOptions } from "./rpc/xmlrpc-server.ts";
import { was } from "./was.ts";

export { abspath, codes, Context, getswd, GrpcError, jsonrpc, Q, RpcFault, SkitaiError, sql, was, xmlrpc };
export type {
  AppModule,
  AuthHandler,
  Certificate,
  Claims,
  ClientCertificates,
  Duration,
  ErrorCode,
  ErrorHandler,
  Extension,
  FetchApp,
  FetchHandler,
  Flag,
  GatewayOptions,
  GrpcCall,
  GrpcCallOptions,
  GrpcCode,
  GrpcHandler,
  GrpcMetadata,
  GrpcMetadataInit,
  GrpcOptions,
  GrpcServices,
  GrpcStream,
  GrpcStub,
  GrpcStubOptions,
  Hooks,
  JsonRpcOptions,
  Methods,
  MountOptions,
  MountTarget,
  NodeHandler,
  Preference,
  PreferenceOptions,
  ProxyCheck,
  ProxyKeepAlive,
  ProxyOptions,
  ProxyPorts,
  RunOptions,
  Size,
  TokenOptions,
  XmlRpcOptions,
};

export {
  CorequestError,
  DB_MONGODB,
  DB_PGSQL,
  DB_REDIS,
  DB_SQLITE3,
  HttpError,
  job,
  PROTO_HTTP,
  PROTO_HTTPS,
  PROTO_WS,
  PROTO_WSS,
  Result,
  SqlError,
  STA_NETERR,
  STA_NORMAL,
  STA_REQFAIL,
  STA_TIMEOUT,
  STA_UNSENT,
  SubprocessError,
  Task,
  Tasks,
};
export type { Job };
export type { Row, Rows } from "./corequest/backends/sql-driver.ts";
export type { Database, DatabaseMap, SqlAlias } from "./corequest/database.ts";
export type { DatabaseOptions } from "./corequest/sql-options.ts";
export type { Savepoint, Transaction } from "./corequest/transaction.ts";
export type { TransactionOptions } from "./corequest/transaction-begin.ts";
export type { SocketEnd, SocketStream } from "./corequest/socket-stream.ts";
export type { SocketCallOptions, SocketMessage } from "./corequest/websocket-client.ts";
export type { SocketClient } from "./websocket/client.ts";
export type { QuerySchema, SocketOptions } from "./websocket/options.ts";
export type { Session } from "./websocket/session.ts";
export * from "./websocket/specs.ts";
export {
  type MessageHandler,
  type SessionHandler,
  type SocketEndpoint,
  websocket,
} from "./websocket/websocket.ts";
export type { AliasName, AliasOptions, AliasTls, AliasType };

// Before the script makes its first Response, which may be a constant of one of its modules.
if (currentRole() === "worker") trackResponseBodies();

const declaration = new Declaration(process.argv.slice(2));

// In a thread `import.meta.main` is false: a script that asks it first does not get to run().
if (currentRole() === "job")
  process.once("beforeExit", () => declaration.isClosed || void runDeclaration(declaration, {}));

/**
 * Puts an app, a directory, a module or a package on a path. Longest point first; on one point a static file that exists wins
 * over the app. Spec E1-E8, E10, E13.
 */
export function mount(point: string, target: FetchTarget, options?: MountOptions | Preference): void;
export function mount(point: string, target: MountTarget, options?: MountOptions | Preference): void;
export function mount(point: string, target: MountTarget, options?: MountOptions | Preference): void {
  declaration.mount(point, target, options);
}

/** The first overload, so that TypeScript knows the parameters of a handler that is written in place. */
type FetchTarget = Exclude<MountTarget, NodeHandler> | FetchHandler;

/**
 * Settings of a mount and of its app, the third argument of `mount`: all options of a mount, the app's `config`, the `path`
 * its names start from; and modules that extend the app. Spec E8.
 * ```ts
 * const pref = skitai.preference({ config: { urls: skitai.abspath("resources", "urls.txt") } });
 * pref.mount("/apis", apis);
 * skitai.mount("/v1", unsub, pref);
 * ```
 */
export const preference = (options: PreferenceOptions = {}): Preference => new MountPreference(options);

/**
 * A name for servers that handlers call and proxies forward to: `[user[:password]@]host[:port][/database] [weight]` each, or a
 * path for SQLite. The name that is returned knows its type: `was.db(name)` is typed by it. Spec Q1.
 * ```ts
 * skitai.alias("@prices", skitai.PROTO_HTTP, ["10.0.0.1:5001 20", "10.0.0.2:5001 10"]);
 * ```
 */
export function alias<Type extends AliasType>(
  name: `@${string}`,
  type: Type,
  members: string | readonly string[],
  options: AliasOptions = {},
): AliasName<Type> {
  const declared = declaration.alias(name, type, members, options);
  if (declared !== undefined) installAlias(declared);
  return name as AliasName<Type>;
}

/** The most results that each worker keeps, default 100. Spec Q6. */
export const setMaxRcache = (entries: number): void => {
  if (!Number.isInteger(entries) || entries < 1)
    throw new SkitaiError("OPTION_INVALID", {
      name: "setMaxRcache",
      value: entries,
      accepted: "an integer from 1",
    });
  resultCache.resize(entries);
};

/** Serves what was mounted, as `run` options, environment and flags say. Does not return while it serves. Spec E15. */
export const run = (options: RunOptions = {}): Promise<void> => runDeclaration(declaration, options);

/** Declares a flag of the script: `("-D", "--dist", text)`, `(null, "--db=DB_NAME", text)`. Spec O1. */
export const addOption = (short: string | null, long: string, help: string): void =>
  declaration.commandLine.add(short, long, help);

/** The value of the first of these flags that was given; `true` for one without a value. Spec O1. */
export const getOption = (...names: string[]): string | true | undefined =>
  declaration.commandLine.get(...names);

/** Flags by name with a default: `options.get("--db", "testdb")`. Spec O1. */
export const options = {
  get: optionValue,
};

/**
 * The text that was given, or the default. A flag without a value is `true` when it was given.
 * @throws SkitaiError OPTION_INVALID for such a flag with a text as default
 */
function optionValue(name: string, otherwise: string): string;
function optionValue(name: string, otherwise?: boolean): string | boolean | undefined;
function optionValue(name: string, otherwise?: string | boolean): string | boolean | undefined {
  const value = declaration.commandLine.get(name);
  if (value === true && typeof otherwise === "string")
    throw new SkitaiError("OPTION_INVALID", {
      name,
      value: otherwise,
      accepted: "no text: this flag takes no value",
    });
  return value ?? otherwise;
}

/** Whether `--devel`, `SKITAI_DEVEL` or, once it was called, `run({ devel: true })` says so. Spec O3. */
export function isDevel(): boolean {
  if (declaration.commandLine.get("--devel") === true) return true;
  const said = process.env["SKITAI_DEVEL"];
  return said ? /^(1|true|yes|on)$/.test(said) : declaration.options.devel === true;
}

/** Caching headers for static files at or below a public path, in production only; 0 for none. Spec S2. */
export const setMaxAge = (prefix: string, age: Duration): void => declaration.setMaxAge(prefix, age);

/**
 * Replaces a worker that uses `cpuPercent` (default 90) of one CPU or more in `continuous` (3) successive checks, one every
 * `interval` (20 s; 0 for never). Spec W3.
 */
export const setWorkerCriticalPoint = ({
  cpuPercent = 90,
  continuous = 3,
  interval = 20,
}: { cpuPercent?: number; continuous?: number; interval?: Duration } = {}): void =>
  declaration.set({ criticalCpu: cpuPercent, criticalChecks: continuous, criticalInterval: interval });

/** Longest request body, default 256 MiB. Spec E11. */
export const setMaxUploadSize = (maxUploadSize: Size): void => declaration.set({ maxUploadSize });

/** How long an idle connection is kept, default 30 s. Spec E12. */
export const setKeepAlive = (keepAlive: Duration): void => declaration.set({ keepAlive });

/** Longest pause of an upload, of a reading client, and of a handler that has not answered; default 30 s. Spec E12. */
export const setRequestTimeout = (requestTimeout: Duration): void => declaration.set({ requestTimeout });

/**
 * Writes `request.log`, `server.log`, `app.log` into a directory, default `/var/log/skitai/<user>/<name>`. Every day (server.log:
 * every month), and at `logMaxSize`, they are renamed to `request-20260131.log`; `logKeep` of each are kept. Spec L2.
 */
export const enableFileLogging = (directory?: string): void => declaration.enableFileLogging(directory);

/** Keeps requests out of the request log: `"/static/"` by prefix, `"*.css"` by suffix. Spec L3. */
export const logOff = (...patterns: string[]): void => declaration.setLogOff(patterns);

/**
 * Names of integers and time stamps that all workers share: `was.setgs`, `getgs`, `incgs`, `setlu`, `getlu`. At most 256 in
 * all. Their values outlive workers and reloads, not the service. Spec H1.
 */
export const registerStates = (...names: string[]): void =>
  registerNames(declaration.registerNames("registerStates", names));

/** Events of one app, and what all apps and workers are told. Spec H3. */
export const events = (): Events => hub.events();

/** The same for names of what results are cached from, like tables: `registerCacheKeys("tables.users")`. Spec H2. */
export const registerCacheKeys = (...names: string[]): void =>
  registerNames(declaration.registerNames("registerCacheKeys", names));

/**
 * Serves https instead of http. Certificate and key are PEM text, or paths below the script's directory; they are read by
 * the master only, and taken up anew when the files change. Several certificates, by a list or by several calls, are told
 * apart by server name (SNI); the first one is for all other names. Spec T1.
 * ```ts
 * skitai.enableSsl("server.crt", "server.key", "pass phrase");
 * skitai.enableSsl([{ cert: "a.crt", key: "a.key" }, { cert: "b.crt", key: "b.key" }], { ca: "clients.crt" });
 * ```
 */
export function enableSsl(cert: string, key: string, passphrase?: string, clients?: ClientCertificates): void;
export function enableSsl(certificates: readonly Certificate[], clients?: ClientCertificates): void;
export function enableSsl(
  given: string | readonly Certificate[],
  second?: string | ClientCertificates,
  passphrase?: string,
  clients?: ClientCertificates,
): void {
  if (typeof given !== "string") declaration.enableSsl(given, second as ClientCertificates);
  else
    declaration.enableSsl(
      [{ cert: given, key: second as string, ...(passphrase === undefined ? {} : { passphrase }) }],
      clients,
    );
}

/**
 * Sends everything that comes to port `from` by plain http to https on port `to`: GET and HEAD with 301, other methods with
 * 308, which keeps them. With a domain, other hosts of the main port are sent there as well. Spec T2.
 */
export const enableForward = (from: number, to: number, domain?: string): void =>
  declaration.enableForward(from, to, domain);

/**
 * Puts a gateway before all mounted aliases: who asks needs a bearer token, and an alias may want a `role` and a `source`.
 * Handlers of `{ handler }` decide on tokens that are no JWT, and on claims. Spec G1-G3.
 * ```ts
 * skitai.enableGateway(true, process.env.SECRET, "Example APIs");
 * skitai.enableGateway({ jwks: "https://id.example.com/jwks.json", issuer: "https://id.example.com", rateLimit: { limit: 600 } });
 * ```
 * @param secret 16 bytes or more, better 32
 * @param realm default "API Gateway"
 */
export const enableGateway = (...given: EnableGateway): void => declaration.enableGateway(...given);

/**
 * `gateway.token(claims, { expiresIn: "1h" })` signs a JWT that the gateway believes. Spec G1.
 * @throws SkitaiError OPTION_INVALID without `enableGateway`, or without a secret or private key
 */
export const gateway = {
  token: (claims: Claims, more?: TokenOptions): Promise<string> =>
    issueToken(declaration.gateway, claims, more),
};

/**
 * Serves gRPC on a port of its own, shared by all workers: HTTP/2 at once, or TLS with the certificates of `enableSsl`. The
 * health service (`grpc.health.v1.Health`) is there too. Several calls may name one port. Spec T5.
 * ```ts
 * skitai.grpc(50051, "./greeter.proto", {
 *   "greet.Greeter": {
 *     sayHello: (request: { name: string }, call) => ({ text: `Hello ${request.name}` }),
 *     async *listHellos(request: { name: string }, call) {
 *       while (!call.signal.aborted) yield { text: `Hello ${request.name}` };
 *     },
 *     async collect(requests: AsyncIterable<{ name: string }>) {
 *       const all = await Array.fromAsync(requests);
 *       return { text: `Hello ${all.length} of you` };
 *     },
 *   },
 * });
 * ```
 * Handlers fail by `throw new GrpcError("NOT_FOUND", "no such pet")`; other errors are logged, and INTERNAL to the client.
 * @param port 1 to 65535
 * @param file below the script's directory; its imports are found beside it, in the script's directory and in `includeDirs`
 */
export const grpc = (port: number, file: string, services: GrpcServices, options?: GrpcOptions): void =>
  declaration.serveGrpc(port, file, services, options);

/**
 * Serves a forward HTTP proxy on a port of its own, shared by all workers: requests for `http://host/path`, websockets, and
 * tunnels by CONNECT. Only this machine may use it, until `source` says who else, and it goes to public addresses only, until
 * `allow` or `allowPrivate` says where else; names are judged by the addresses they have. Spec P3.
 * ```ts
 * skitai.enableProxy({
 *   port: 3128,
 *   source: ["10.0.0.0/8"],
 *   auth: { robot: process.env.PROXY_PASSWORD! },
 *   allow: ["*.example.com"],
 * });
 * ```
 */
export const enableProxy = (options: ProxyOptions): void => declaration.enableProxy(options);

/**
 * How long connections of the forward proxy are kept without traffic: `channel` for those of requests, default 60 s, also how long
 * an answer may take to begin; `tunnel` for CONNECT and websockets, default 600 s. Spec P3.
 */
export const setProxyKeepAlive = (idle: ProxyKeepAlive): void => declaration.setProxyKeepAlive(idle);
