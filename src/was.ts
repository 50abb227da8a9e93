import type { PurgeTarget } from "./cache/cache.ts";
import { purge } from "./cache/process.ts";
import { type Context, currentContext } from "./context.ts";
import { process, subprocess, thread } from "./corequest/backends/jobs.ts";
import { databases } from "./corequest/databases.ts";
import { grpcStub } from "./corequest/grpc-stub.ts";
import { del, get, head, options, patch, post, put, trace, upload } from "./corequest/http-methods.ts";
import { jsonrpcStub } from "./corequest/jsonrpc-stub.ts";
import { mask } from "./corequest/mask.ts";
import { mongodb } from "./corequest/mongodb.ts";
import { redis } from "./corequest/redis.ts";
import { tasks } from "./corequest/tasks.ts";
import { transaction } from "./corequest/transaction.ts";
import { ws } from "./corequest/websocket-client.ts";
import { xmlrpcStub } from "./corequest/xmlrpc-stub.ts";
import { ownRestart, ownShutdown, ownStatus } from "./process/own-service.ts";
import { gentemp, uniqid } from "./process/temp.ts";
import { processLogs } from "./log/logs.ts";
import { Email } from "./mail/email.ts";
import { Lock } from "./state/lock.ts";
import { processWords } from "./state/process.ts";
import { hub } from "./state/process-events.ts";

/**
 * The request's services, found through the async context from any handler of any framework. A façade: what it shows
 * lives in the rooms. Reading something of a request outside of one throws SkitaiError NO_CONTEXT.
 */
export const was = {
  get context(): Context {
    return currentContext();
  },
  get request(): Request {
    return currentContext().request;
  },
  get gtxnid(): string {
    return currentContext().gtxnid;
  },
  get ltxnid(): number {
    return currentContext().ltxnid;
  },
  /** Public URL path of one of the app's own paths. Spec E9. */
  urlFor: (path: string): string => currentContext().urlFor(path),
  /**
   * Lets the client load a resource ahead, by a `Link` header of the answer. Spec T3.
   * @returns false when the answer is on its way already
   */
  push: (uri: string): boolean => currentContext().push(uri),
  /** One entry of the application log, with both transaction ids inside a request. Spec L5. */
  log: (text: string, type?: string): void => processLogs().app.log(text, type),
  /** An error with its stack and causes, as an entry of the application log. Spec L5. */
  traceback: (error: unknown): void => processLogs().app.traceback(error),
  /** Sets an integer that all workers share. Spec H1. */
  setgs: (name: string, value: number): void => processWords().setgs(name, value),
  /** An integer that all workers share; `otherwise`, default 0, while nobody has set it. Spec H1. */
  getgs: (name: string, otherwise?: number): number => processWords().getgs(name, otherwise),
  /** Adds to an integer that all workers share, atomically, and returns the sum. Spec H1. */
  incgs: (name: string, by?: number): number => processWords().incgs(name, by),
  /** Says to all workers that something, like a table, changed just now; returns the time in seconds. Spec H2. */
  setlu: (name: string, ...details: readonly unknown[]): number => processWords().setlu(name, ...details),
  /** To all apps of this worker, see `events`. Spec H3. */
  broadcast: (name: string, ...args: readonly unknown[]): void => hub.broadcast(name, ...args),
  /** To all apps of all workers. Spec H3. */
  broadcastAll: (name: string, ...args: readonly unknown[]): void => hub.broadcastAll(name, ...args),
  /** Takes answers out of the cache, on all workers: `was.purge({ tag: "pets" })`, `{ url }`, `{ prefix }`, `{ all: true }`. Spec C2. */
  purge: (target: PurgeTarget): void => purge(target),
  /** A lock of all workers, released when its holder dies: `await using hold = await was.getLock("x").acquire()`. Spec H4. */
  getLock: (name: string): Lock => new Lock(name),
  /** When one of these changed last, in seconds; the start of the service for what never did. Spec H2. */
  getlu: (name: string, ...others: readonly string[]): number => processWords().getlu(name, ...others),
  /**
   * The status page of the whole service: HTML for browsers, else JSON. For operators only: mount it behind what knows them.
   * `skitai.mount("/status", () => skitai.was.status())`. Spec U1.
   */
  status: ownStatus,
  /** A rolling reload of the service; this request is answered by the old worker. Spec U3. */
  restart: ownRestart,
  /** A graceful stop of the service. Spec U3. */
  shutdown: ownShutdown,
  /** A path for a temporary file or directory, gone with the request; outside of one with the worker. Spec U3. */
  gentemp,
  /** Milliseconds since 1970. Spec U3. */
  timestamp: (): number => Date.now(),
  /** An id that sorts by time: `1767225600000x8f03qk`. Spec U3. */
  uniqid,
  /** HTTP calls as tasks, see `Task`: `was.get("@alias/path")`, `.lb`, `.map`. Spec Q2. */
  get,
  delete: del,
  options,
  trace,
  head,
  post,
  put,
  patch,
  upload,
  /** Methods of an XML-RPC server as tasks: `was.xmlrpc("@rpc/rpc2").math.pow(2, 3)`. Spec R1. */
  xmlrpc: xmlrpcStub,
  /** Methods of a JSON-RPC 2.0 server as tasks. Spec R2. */
  jsonrpc: jsonrpcStub,
  /** Methods of a gRPC service as tasks and streams. Spec R3. */
  grpc: grpcStub,
  /** A websocket to a backend: `await ws.send(x)`, `for await (const message of ws)`. Spec X4. */
  ws,
  /** A job in a thread of this worker, as a task: `was.Thread(resize, "a.png", 100)`. Spec Q8. */
  Thread: thread,
  /** A job in a process of its own, which may crash. Spec Q8. */
  Process: process,
  /** A program and its arguments, no shell: `was.Subprocess(["convert", "a.png", "b.jpg"], { timeout: 30 })`. Spec Q8. */
  Subprocess: subprocess,
  /** Statements on PostgreSQL or SQLite as tasks: `was.db("@alias").execute(…)`; of another alias its handle. Spec D1, D2, D4. */
  db: databases,
  /** Commands of Redis as tasks: `was.redis("@cache").get("key")`. Spec D5. */
  redis,
  /** Operations on MongoDB as tasks: `was.mongodb("@docs").collection<Pet>("pets").find({ kind: "cat" })`. Spec D6. */
  mongodb,
  /** Statements that take effect together: `await using tx = await was.transaction("@alias")`. Spec D3. */
  transaction,
  /** A mail, to be sent by the mail agent: `was.email("Hello", "ann@example.com", "bob@example.com")`. Spec M1. */
  email: (subject: string, from: string, to: string | readonly string[]): Email =>
    new Email(subject, from, to),
  /** Several tasks as one. Spec Q4. */
  Tasks: tasks,
  /** Data that is there already, as a task. Spec Q4. */
  Mask: mask,
};
