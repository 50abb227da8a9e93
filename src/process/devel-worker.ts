import { realpathSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Declaration, MountDeclaration } from "../config/declaration.ts";
import type { Settings } from "../config/settings.ts";
import { findEmbedded } from "../mounts/embedded.ts";
import { isPackageName } from "../mounts/package.ts";
import { readTarget, stemOf, textOf } from "../mounts/target.ts";
import type { Dispatch } from "../server/dispatch.ts";
import { faultShown } from "../server/fault.ts";
import { importsOf, isOwnFile } from "./devel-graph.ts";
import { optionsOf } from "./devel-options.ts";
import { type MasterMessage, tell } from "./messages.ts";

/** Modules may be imported when a request asks for them: it is looked so long (ms) after one, for all that came till then. */
const pause = 100;

/** A worker's part in the reloads of development: it says what it has loaded, and shows why a newer version does not start. */
export class DevelWorker {
  readonly #declaration: Declaration;
  readonly #devel: boolean;
  readonly #mounts: readonly MountDeclaration[];
  readonly #packages: readonly string[];
  #told = -1;
  #timer: NodeJS.Timeout | undefined;
  #fault: string | undefined;

  constructor(declaration: Declaration, { devel }: Settings) {
    this.#declaration = declaration;
    this.#devel = devel;
    this.#mounts = declaration.mounts.filter(({ preference }) => devel || preference.useReloader);
    this.#packages = this.#mounts.flatMap(({ target, preference }) => packageOf(target, preference.base));
    process.on("message", (message: MasterMessage) => {
      if (message.type === "fault") this.#fault = message.text;
    });
  }

  /** Tells the master, if there is something new to tell. */
  report(): void {
    const loaded = Object.keys(require.cache);
    if (loaded.length === this.#told) return;
    this.#told = loaded.length;
    const own = [...loaded, Bun.main].filter((file) => isOwnFile(file) || this.#isOfPackage(file));
    const files = this.#watchesAll ? own : this.#ofMounts(own);
    const wanted = this.#mounts.flatMap(({ target, preference: { base } }) => stemsOf(target, base));
    tell({ type: "loaded", files, wanted, options: optionsOf(this.#declaration) });
  }

  /** The way in, looked after. */
  around(dispatch: Dispatch): Dispatch {
    const later = (): void => {
      this.#timer = undefined;
      this.report();
    };
    return (request, server) => {
      this.#timer ??= setTimeout(later, pause).unref();
      return this.#fault === undefined
        ? dispatch(request, server)
        : faultShown(this.#fault, dispatch, request, server);
    };
  }

  /** Of an app that the script has imported nobody can tell which files are its own. */
  get #watchesAll(): boolean {
    return this.#devel || this.#mounts.some(({ target }) => textOf(target) === undefined);
  }

  #isOfPackage(file: string): boolean {
    return this.#packages.some(
      (root) => file.startsWith(root) && !file.includes("/node_modules/", root.length),
    );
  }

  #ofMounts(own: readonly string[]): string[] {
    const roots = this.#mounts.flatMap(({ target, preference: { base } }) => fileOf(target, base) ?? []);
    const { files } = importsOf(roots);
    return own.filter((file) => files.has(file) || this.#isOfPackage(file));
  }
}

/** The file of a mount that is named by text, on disk. */
function fileOf(target: MountDeclaration["target"], base: string): string | undefined {
  const text = textOf(target);
  if (text === undefined || findEmbedded(text, base) !== undefined) return undefined;
  try {
    const found = readTarget(text, base);
    return found.kind === "module" ? realpathSync(found.path) : undefined;
  } catch {
    return undefined;
  }
}

/** What a mount's text may get a file for. */
function stemsOf(target: MountDeclaration["target"], base: string): string[] {
  const text = textOf(target);
  if (text === undefined || findEmbedded(text, base) !== undefined) return [];
  const stem = stemOf(text);
  const [name] = stem.split("/skitai/");
  return [resolve(base, stem), ...(isPackageName(stem) ? [join(base, "node_modules", name!)] : [])];
}

/** The directory of an installed package that is mounted, which its user may be writing. */
function packageOf(target: MountDeclaration["target"], base: string): string[] {
  const file = fileOf(target, base) ?? fileOfExports(target);
  const [root] = /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+\//.exec(file ?? "") ?? [];
  return root === undefined ? [] : [root];
}

/** The file that an imported module came from: who exports the very same. */
function fileOfExports(target: MountDeclaration["target"]): string | undefined {
  const root: unknown = Array.isArray(target) ? target[0] : target;
  if (typeof root !== "object") return undefined;
  return Object.keys(require.cache).find(
    (file) => file.includes("/node_modules/") && require.cache[file]?.exports === root,
  );
}
