import { isAbsolute, relative, resolve } from "node:path";
import { getswd } from "../config/paths.ts";
import type { EmbeddedFile } from "../static/embedded.ts";

/** What `skitai build` put into the executable for one mount's text. */
export type Embedded =
  | { readonly kind: "directory"; readonly files: ReadonlyMap<string, EmbeddedFile> }
  | { readonly kind: "module"; readonly load: () => Promise<object> };

const contents = new Map<string, Embedded>();

/** Called by the code that `skitai build` puts in front of the script, with a text or a place of a mount. Spec Y2. */
export function embed(key: string, embedded: Embedded): void {
  contents.set(key, embedded);
}

/** What is embedded for a mount's text; `undefined` under `bun serve.ts` and for what stayed on disk. */
export const findEmbedded = (text: string, base: string): Embedded | undefined =>
  contents.size === 0
    ? undefined
    : (contents.get(placeOf(text, base)) ?? (isAbsolute(text) ? contents.get(text) : undefined));

/**
 * Where a mount's text points, seen from the script: the same for `"./static"`, `"static/"` and `abspath("static")`, and
 * the same in the executable, wherever that is put.
 */
export const placeOf = (text: string, base: string): string => relative(getswd(), resolve(base, text));
