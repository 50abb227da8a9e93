import { basename, dirname, relative } from "node:path";
import { LoadedFiles } from "./devel-files.ts";
import { importsOf } from "./devel-graph.ts";
import { WorkerOutput } from "./devel-output.ts";
import { DirectoryWatch } from "./devel-watch.ts";
import type { LoadedMessage } from "./messages.ts";
import type { Onlooker, WorkerHandle } from "./worker-handle.ts";

/** Files are written in several steps, and several at once: so long (ms) after the last of them it is looked. */
const settling = 20;
/** However long (ms) writing goes on. */
const longest = 300;
/** A file that is emptied is given so long (ms) to be filled. */
const filling = 250;
/** A reload that is outdated is waited for so long (ms) since its begin, a script that hangs is not. */
const outlived = 300;
/** Workers of old versions that live on for their streams and websockets. */
const mostOld = 8;
/** What Bun writes below an error, and the engine before it. */
const footer = /^new worker: |\n+Bun v\S+ \([^\n]*\)\n*$/g;
/** Characters of an error that clients are shown. */
const mostShown = 16_384;

export interface DevelParts {
  /** The script, and its directory. */
  readonly script: string;
  /** Hashes of options by name, as the script said them to this process: a reload does not change them. */
  readonly options: Readonly<Record<string, string>>;
  /** Error details are for developers: false where only `useReloader` is on. */
  readonly devel: boolean;
  /** Says nothing of a failure but what it rejects with. */
  readonly reload: () => Promise<void>;
  readonly stopping: () => boolean;
  readonly note: (text: string) => void;
}

/**
 * Reloads the service when a file changes that it is made of: what its workers say they have loaded. When the new version
 * does not start the old one serves on, and its answers say why. Spec O4, E8.
 */
export class Devel implements Onlooker {
  readonly hears: boolean;
  readonly #parts: DevelParts;
  readonly #root: string;
  readonly #files = new LoadedFiles();
  readonly #output = new WorkerOutput();
  readonly #watch: DirectoryWatch;
  /** By version, which are counted; what workers of the last one that started have loaded, and of those after it. */
  readonly #loaded = new Map<number, { files: Set<string>; wanted: Set<string> }>();
  readonly #workers = new Map<WorkerHandle, { version: number; since: number }>();
  #version = 0;
  /** When the reload began that is running. */
  #reloading: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #firstEvent: number | undefined;
  #saidOptions = "";
  /** When a file was found empty that was not. */
  #emptied: number | undefined;

  constructor(parts: DevelParts) {
    this.#parts = parts;
    this.hears = parts.devel;
    this.#root = dirname(parts.script);
    const said = new Set<string>();
    const failed = (reason: string): void => {
      if (!said.has(reason)) parts.note(reason);
      said.add(reason);
    };
    this.#watch = new DirectoryWatch((path) => this.#happened(path), failed);
  }

  over(): Promise<void> {
    return this.#output.over();
  }

  started(worker: WorkerHandle, stderr: ReadableStream<Uint8Array> | undefined): void {
    this.#workers.set(worker, { version: this.#version, since: Date.now() });
    void worker.exited.then(() => this.#workers.delete(worker));
    if (stderr !== undefined) this.#output.follow(worker, stderr);
  }

  loaded(worker: WorkerHandle, { files, wanted, options }: LoadedMessage): void {
    const { version, since } = this.#workers.get(worker) ?? { version: this.#version, since: Date.now() };
    const known = this.#loaded.get(version) ?? { files: new Set(), wanted: new Set() };
    this.#loaded.set(version, known);
    for (const file of files) known.files.add(file);
    for (const stem of wanted) known.wanted.add(stem);
    if (this.#files.add(files, since)) this.#soon();
    this.#files.want(wanted);
    if (version === this.#version) this.#compare(options);
    this.#follow();
  }

  /** Options are those of the start, whatever the script says now. */
  #compare(options: Readonly<Record<string, string>>): void {
    const { options: first, script, note } = this.#parts;
    const names = new Set([...Object.keys(first), ...Object.keys(options)]);
    const changed = [...names].filter((name) => first[name] !== options[name]);
    const said = JSON.stringify(changed.map((name) => [name, options[name]]));
    if (said === this.#saidOptions || (changed.length === 0 && this.#saidOptions === "")) return;
    this.#saidOptions = said;
    if (changed.length > 0)
      note(
        `${changed.join(", ")} changed in ${basename(script)}: a restart is needed for that, not a reload`,
      );
  }

  /** Watches where the files are now; when that is new, what happened before is looked for. */
  #follow(): void {
    if (this.#watch.set(this.#files.directories(this.#root))) this.#soon();
  }

  #happened(path: string | undefined): void {
    if (path === undefined || this.#files.concerns(path) || this.#watch.has(path)) this.#soon();
  }

  #soon(after = settling): void {
    const now = performance.now();
    this.#firstEvent ??= now;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#look(), Math.min(after, this.#firstEvent + longest - now));
  }

  #look(): void {
    this.#firstEvent = this.#timer = undefined;
    if (this.#parts.stopping()) return;
    this.#follow();
    if (this.#timer !== undefined) return;
    const changed = this.#files.changed();
    if (changed.length === 0) return;
    if (this.#reloading !== undefined) return this.#outlive(this.#reloading);
    if (!this.#isBeingWritten()) void this.#reload(changed);
  }

  #isBeingWritten(): boolean {
    const now = performance.now();
    if (!this.#files.emptied()) this.#emptied = undefined;
    else if (now - (this.#emptied ??= now) < filling) {
      this.#soon();
      return true;
    }
    return false;
  }

  /** Something changed during a reload: another follows by itself when this one is over, but that may hang. */
  #outlive(begun: number): void {
    const left = begun + outlived - performance.now();
    if (left > 0) return this.#soon(left);
    for (const [worker, { version }] of this.#workers)
      if (version === this.#version && Bun.peek.status(worker.opened) === "pending") worker.kill();
  }

  async #reload(changed: readonly string[]): Promise<void> {
    const begun = (this.#reloading = performance.now());
    const since = Date.now();
    this.#version++;
    this.#emptied = undefined;
    this.#files.settle();
    this.#output.begin();
    try {
      await this.#parts.reload();
      this.#succeeded(changed, performance.now() - begun);
    } catch (error) {
      await this.#failed(error as Error, since);
    }
    this.#reloading = undefined;
    this.#look();
  }

  #succeeded(changed: readonly string[], took: number): void {
    const [first, ...more] = changed.map((path) => relative(this.#root, path));
    const names = more.length === 0 ? first : `${first} and ${more.length} more`;
    this.#parts.note(`${names} changed, reloaded in ${Math.round(took)} ms`);
    if (this.#loaded.has(this.#version))
      for (const version of this.#loaded.keys()) if (version < this.#version) this.#loaded.delete(version);
    const all = [...this.#loaded.values()];
    this.#files.keep(
      new Set(all.flatMap(({ files }) => [...files])),
      new Set(all.flatMap(({ wanted }) => [...wanted])),
    );
    this.#follow();
    // The oldest first: whoever holds a stream that long has one that comes back by itself.
    const old = [...this.#workers].filter(([, { version }]) => version < this.#version);
    for (const [worker] of old.slice(0, Math.max(0, old.length - mostOld))) worker.stop();
  }

  /** A version that did not load has not said of what it is made: its imports do, so that what mends it is seen. */
  async #failed(error: Error, since: number): Promise<void> {
    const said = await this.#output.failure();
    const { stopping, script, note, devel } = this.#parts;
    if (stopping() || this.#files.changed().length > 0) return;
    const { files, missing } = importsOf([script, ...this.#files.sources()]);
    this.#files.add(files, since);
    this.#files.want(missing);
    this.#follow();
    note(`reload failed, the version before it serves on: ${error.message}`);
    const fault = Bun.stripANSI(said.trim() === "" ? error.message : said).replace(footer, "");
    if (devel) for (const worker of this.#workers.keys()) worker.show(fault.trim().slice(0, mostShown));
  }
}
