/** The part of a Hono app that decides what becomes of an error. */
interface ErrorHandling {
  errorHandler: unknown;
  onError(handler: (error: Error) => Response): unknown;
}

/**
 * Without an `onError` of its own, a Hono app prints errors to stderr and answers with bare text. Here they reach the
 * engine: one problem answer and one log entry with the transaction id, as for any other app. An HTTPException that
 * brings its own response keeps it. Spec E14.
 */
export function passErrorsOn(app: object): void {
  if (!handlesErrors(app) || app.errorHandler !== defaultOf(app)) return;
  app.onError((error) => {
    if ("res" in error && error.res instanceof Response) return error.res;
    throw error;
  });
}

const handlesErrors = (app: object): app is ErrorHandling =>
  "errorHandler" in app && "onError" in app && typeof app.onError === "function";

/** What a new app of the same class would do. */
function defaultOf(app: ErrorHandling): unknown {
  try {
    const Class = app.constructor as new () => ErrorHandling;
    return new Class().errorHandler;
  } catch {
    return undefined;
  }
}
