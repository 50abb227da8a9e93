import type { Context } from "../context.ts";
import type { Size } from "./options.ts";

/** A fetch function: Web `Request` in, `Response` out. `context` is also `was.context` and, in Hono, `c.env`. */
export type FetchHandler = (request: Request, context: Context) => Response | Promise<Response>;

/** Anything with `.fetch`: Hono, Elysia, h3, itty-router … */
export interface FetchApp {
  fetch(request: Request, ...rest: never[]): Response | Promise<Response>;
}

/** A Node-style `(req, res)` app: Express, Koa's callback, Fastify's `routing`, a plain function. Spec E10. */
export type NodeHandler = (request: never, response: never) => unknown;

/** An instance of Fastify or of Koa. Spec E10. */
export type NodeApp =
  | { routing(request: never, response: never): unknown; ready(): PromiseLike<unknown> }
  | { callback(): NodeHandler };

/**
 * What can be mounted. Text is, in this order: a directory (`"./static"`), or a module by path with the export
 * after a colon (`"app_v1"`, `"./app_v1.ts"`, `"app_v1/app:app"`; default `app`, then `default`). Spec E1-E3, E10.
 */
export type MountTarget = string | FetchHandler | FetchApp | NodeHandler | NodeApp;

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
