import type { EmbeddedFile } from "../static/embedded.ts";

/** What `skitai build` put into the executable for one mount's text. */
export type Embedded =
  | { readonly kind: "directory"; readonly files: ReadonlyMap<string, EmbeddedFile> }
  | { readonly kind: "module"; readonly load: () => Promise<object> };

const contents = new Map<string, Embedded>();

/** Called by the entry file that `skitai build` writes, before the script runs. Spec Y2. */
export function embed(text: string, embedded: Embedded): void {
  contents.set(text, embedded);
}

/** What is embedded for a mount's text; `undefined` under `bun serve.ts` and for what stayed on disk. */
export const findEmbedded = (text: string): Embedded | undefined => contents.get(text);
