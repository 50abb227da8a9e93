import type { Hooks, MountTarget } from "../config/mount-types.ts";
import type { MountPreference } from "../config/preference.ts";
import type { Context } from "../context.ts";
import type { HttpCache } from "../cache/cache.ts";
import type { Gateway } from "../gateway/gateway.ts";
import type { DirectoryOptions } from "../static/directory.ts";

/** What all static directories of a worker share. */
export type DirectorySettings = Omit<DirectoryOptions, "mountPoint">;

/** What all proxies of a worker share. */
export interface RelaySettings {
  /** Whether clients come by TLS. */
  readonly secure: boolean;
  /** What keeps answers of upstreams, with `enableCacheFs`. */
  readonly cache: HttpCache | undefined;
  /** Who stands before aliases, with `enableGateway`. */
  readonly gateway: Gateway | undefined;
  /** Seconds an idle connection to an upstream is kept, if `setBackendKeepAlive` said. */
  readonly keepAlive: number | undefined;
  /** For operators: an upstream went or came back. */
  readonly log: (text: string) => void;
  /** ms that an upstream has for the head of its answer, when its alias says nothing. */
  readonly timeout: number;
}

/** `undefined` says: not mine, ask the next mount of the chain. */
export type Answer = Response | Promise<Response> | undefined;

/** A hook that is called once. */
export type HookName = Exclude<keyof Hooks, "maintain" | "maintainInterval">;

/** What a worker calls in the life of an app, see `Hooks`. With `failed` an error is told and the others go on. */
export interface Life {
  /** @throws SkitaiError MOUNT_INVALID without `failed` */
  run(name: HookName, failed?: (error: unknown) => void): Promise<void>;
  /** When no request is left: `__umount__`, then `umounted`. */
  end(failed: (error: unknown) => void): Promise<void>;
  /** Starts `maintain` with timers that keep no process alive; the function returned ends it. */
  maintain(failed: (error: unknown) => void): () => void;
}

/**
 * One mounted thing, opened and ready. The server knows mounts only as this.
 * Life: `accepts` and `open` of its kind (see registry.ts), then `respond` per request, then `close` once.
 */
export interface Mount {
  /** For messages: `directory ./static`, `module app_v1:app`. */
  readonly label: string;
  /**
   * True when its answers are ready to send: conditional requests, ranges and encoding are done, request bodies and
   * URLs are not touched, and it may pass (directories). False for apps: they answer everything below their point.
   */
  readonly final: boolean;
  /** True for what hands requests on: their bodies are limited, and it does not pass. */
  readonly relays?: boolean;
  /**
   * True when it answers at the very point too (`/ping`), as an endpoint does; what has pages below its point is
   * reached at `/v1/` only, so that their relative links hold, and `/v1` is redirected there.
   */
  readonly exact?: boolean;
  /** Answers a request at or below the mount point. May throw; dispatch turns that into a problem. */
  respond(request: Request, context: Context): Answer;
  /** Methods that a resource which exists allows, for 405 and OPTIONS: `GET, HEAD, OPTIONS`. */
  allow?(context: Context): string | undefined;
  /** Frees what `open` took. */
  close?(): void | Promise<void>;
  /** Of an app. */
  readonly life?: Life;
}

/** Where a mount is, and what the worker shares with it. */
export interface Site {
  /** `""` for `/`, else `/v1`. */
  readonly point: string;
  /** Directory that relative paths start from: the script's, or that of the preference. */
  readonly base: string;
  readonly preference: MountPreference;
  /** Of the module that the app is exported by. */
  readonly exports?: object;
  readonly directories: DirectorySettings;
  readonly relay: RelaySettings;
  /** Opens what a module exports. */
  readonly open: (target: MountTarget, site: Site) => Promise<Mount>;
}

/** Opens targets of one kind; `target` is one that its row in the registry accepts. */
export interface MountKind {
  open(target: MountTarget, site: Site): Mount | Promise<Mount>;
}
