import type { Tables } from "./table-options.ts";
import type { Context } from "../context.ts";
import type { Duration, Size } from "./settings.ts";

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

/** An app of any style. */
export type App = FetchHandler | FetchApp | NodeHandler | NodeApp;

/**
 * A module as `import * as unsub from "unsub"` gives it: its app is `app`, then `default`. Beside it the module may export
 * `__setup__(pref)`, which runs before all else and may fill `pref.config`; `__mount__(app, pref)`, which runs before the
 * app is opened; `__umount__()`, which runs when no request is left; and the functions of `Hooks`. All may be async.
 * Spec E4, E13.
 */
export type AppModule = { readonly app: App } | { readonly default: App };

/**
 * What can be mounted: an app, a module that exports one, or text. Text is, in this order: a directory (`"./static"`), a
 * module by path with the export after a colon (`"app_v1"`, `"./app_v1.ts"`, `"app_v1/app:app"`; default `app`, then
 * `default`), or an installed package by name (`"unsub"`) whose `package.json` has `exports["./skitai"]`, or which has a file
 * `export/skitai/__export__.ts` (or `.js` …). `["unsub", "app_v1:app"]` is another module of a package,
 * `exports["./skitai/app_v1"]` or `export/skitai/app_v1.ts`; of an imported one, its export `app_v1`. Spec E1-E4, E10.
 */
export type MountTarget = string | App | AppModule | readonly [from: string | object, name: string];

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
  /** Of a database: its tables and columns that are shown as JSON, to read only; none by itself. Spec G1. */
  tables?: Tables;
  /** Called in each worker as the app begins, lives and ends; beside those that its module exports. Spec E13. */
  hooks?: Hooks;
}

/**
 * What a worker calls in the life of a mounted app: exports of its module, or the `hooks` of its mount; an app that has both
 * gets the module's first. Any may be async and is awaited.
 *
 * - Start, for one mount after the other in the order of their calls: `__setup__`, `beforeMount`, the `__mount__` of
 *   `pref.mount`, its own `__mount__`. When all are open, `mounted` of each in the same order; then the worker serves.
 * - Stop: `beforeUmount`, of the last mount first, while requests are still answered; when none is left, again of
 *   the last mount first, `__umount__` and `umounted`.
 * - Reload: new workers go through their start; then the old ones get `beforeReload`, of the last mount first, and their stop. When
 *   only new workers are reached, these get `reloaded` in the order of the mounts.
 *
 * An app that is mounted twice has two lives. What one of a start throws refuses the start; what is thrown later is logged; one
 * that does not end is cut with its worker when `graceTimeout` is over. A directory has no hooks. Spec E13.
 */
export interface Hooks {
  beforeMount?(app: unknown, pref: Preference): unknown;
  mounted?(app: unknown, pref: Preference): unknown;
  beforeReload?(app: unknown, pref: Preference): unknown;
  reloaded?(app: unknown, pref: Preference): unknown;
  beforeUmount?(app: unknown, pref: Preference): unknown;
  umounted?(app: unknown, pref: Preference): unknown;
  /**
   * Every `maintainInterval` while the worker serves, never twice at once.
   * @param now milliseconds since the epoch
   * @param count of its calls in this worker, from 1
   */
  maintain?(now: number, count: number): unknown;
  /** Seconds, or text like `"5m"`; default 60. */
  maintainInterval?: Duration;
}

/** Settings of a mount and of its app. Spec E8. */
export interface PreferenceOptions extends MountOptions {
  /** Directory that relative paths and package names of the mount start from; default the script's. */
  path?: string;
  /**
   * Reloads the service when a file of the mount changes, as `--devel` does for all of them; default false. Of a mount that is not
   * named by text, but imported by the script, that is any file of the service. Spec O4.
   */
  useReloader?: boolean;
  /** Merged key by key into `app.config`, if the app has one; on `context.config` in any case. */
  config?: Record<string, unknown>;
}

/** Made by `preference()`, given to `mount()`. Each mount works with a copy of its own. */
export interface Preference {
  /** May be changed until the app is opened. */
  readonly config: Record<string, unknown>;
  /**
   * Extends the mounted app at `point` below its own. A Hono app is handed to `module.__mount__` as `app.basePath(point)`, so
   * that its `app.get("/")` answers there; any other as it is, and the module puts `point` before its routes.
   */
  mount(point: string, module: Extension): void;
}

/** A module that adds to an app: `import * as apis from "./extends/apis.ts"`. Spec E8. */
export interface Extension {
  /** @param point `""` for `/`, else `/apis` */
  __mount__(app: unknown, pref: Preference, point: string): unknown;
  /** When no request is left. */
  __umount__?(): unknown;
}
