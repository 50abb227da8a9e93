import type {
  FetchHandler,
  MountOptions,
  MountTarget,
  NodeHandler,
  Preference,
  PreferenceOptions,
} from "../config/mount-types.ts";
import { MountPreference } from "../config/preference.ts";
import { declaration } from "./declaration.ts";

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
