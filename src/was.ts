import { type Context, currentContext } from "./context.ts";
import { type Ask, method, type Send } from "./corequest/http-calls.ts";
import { mask } from "./corequest/mask.ts";
import { tasks } from "./corequest/tasks.ts";
import { processLogs } from "./log/logs.ts";
import { processWords } from "./state/process.ts";

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
  /** When one of these changed last, in seconds; the start of the service for what never did. Spec H2. */
  getlu: (name: string, ...others: readonly string[]): number => processWords().getlu(name, ...others),
  /** HTTP calls as tasks, see `Task`: `was.get("@alias/path")`, `.lb`, `.map`. Spec Q2. */
  get: method<Ask>("GET"),
  delete: method<Ask>("DELETE"),
  options: method<Ask>("OPTIONS"),
  trace: method<Ask>("TRACE"),
  head: method<Ask>("HEAD"),
  post: method<Send>("POST"),
  put: method<Send>("PUT"),
  patch: method<Send>("PATCH"),
  /** `multipart/form-data`, by POST: fields, and files as `Blob` or `Bun.file`. */
  upload: method<Send>("POST", true),
  /** Several tasks as one. Spec Q4. */
  Tasks: tasks,
  /** Data that is there already, as a task. Spec Q4. */
  Mask: mask,
};
