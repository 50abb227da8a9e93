import { type Context, currentContext } from "./context.ts";
import { processLogs } from "./log/logs.ts";

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
};
