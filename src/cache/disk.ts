import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  linkSync,
  rmSync,
  statSync,
  utimesSync,
} from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import type { Fields } from "../http/relay.ts";
import { SkitaiError } from "../errors.ts";
import { Control, controlLength } from "./control.ts";
import type { Fork } from "./disk-format.ts";
import { fileOf, shards, treeOf, variantFile } from "./disk-names.ts";
import { readEntry, removeFile } from "./disk-read.ts";
import { sweep } from "./disk-sweep.ts";
import { PendingFile, writeNow } from "./disk-write.ts";
import type { LargeBody } from "./entry.ts";
import type { Stored } from "./stored.ts";
import { selectionOf } from "./vary.ts";

/** Above this share of the room a sweep starts, so that there is room when it is wanted. */
const fullShare = 0.9;
/** Bytes of a body that is written at once. */
const small = 64 * 1024;
/** Milliseconds: uses closer together count as one. */
const useInterval = 60_000;

/** An entry as it is on disk. */
export interface DiskEntry {
  readonly stored: Stored;
  readonly body: Uint8Array | LargeBody;
}

/**
 * Makes the directory of a store where it is missing, and maps its control file. One that is not of this version is
 * removed with all that it was about.
 * @throws SkitaiError OPTION_INVALID where the directory cannot be written
 */
export function openControl(path: string): Control {
  const tree = treeOf(path);
  try {
    return mapControl(tree);
  } catch (error) {
    if ((error as { code?: string }).code !== "STATE_INVALID") throw unwritable(path, error);
    rmSync(tree, { recursive: true, force: true });
    return mapControl(tree);
  }
}

const unwritable = (value: string, cause: unknown): SkitaiError =>
  new SkitaiError("OPTION_INVALID", {
    name: "enableCacheFs path",
    value,
    accepted: `a directory that can be written (${(cause as Error).message})`,
    cause,
  });

function mapControl(tree: string): Control {
  mkdirSync(join(tree, "tmp"), { recursive: true, mode: 0o700 });
  const path = join(tree, "control");
  if (statSync(path, { throwIfNoEntry: false })?.size !== controlLength) {
    // Under its name only when it has its size: another worker maps it the moment it is there.
    const fresh = join(tree, "tmp", `${process.pid}-0`);
    const fd = openSync(fresh, "w", 0o600);
    ftruncateSync(fd, controlLength);
    closeSync(fd);
    link(fresh, path);
    removeFile(fresh);
  }
  return new Control(Bun.mmap(path, { shared: true }));
}

/** Of two who do it at once, both have the one that was first. */
function link(from: string, to: string): void {
  const size = statSync(to, { throwIfNoEntry: false })?.size;
  if (size !== undefined && size !== controlLength) removeFile(to);
  try {
    linkSync(from, to);
  } catch (error) {
    if ((error as { code?: string }).code !== "EEXIST") throw error;
  }
}

/** What is mapped of it, too. A directory that is gone has no purges to keep. */
async function syncFile(path: string): Promise<void> {
  try {
    await using file = await open(path, "r+");
    await file.datasync();
  } catch {
    // The next purge tries again.
  }
}

/** The tier that the workers of a service share, and that is there after a restart. One file an entry. */
export class Disk {
  readonly #tree: string;
  readonly #control: Control;
  readonly #most: number;
  #sweeping: Promise<void> | undefined;
  #keeping: NodeJS.Timeout | undefined;

  /** @param most bytes of all files together */
  constructor(path: string, control: Control, most: number) {
    this.#tree = treeOf(path);
    this.#control = control;
    this.#most = most;
    for (const shard of shards) mkdirSync(join(this.#tree, shard), { recursive: true, mode: 0o700 });
    this.#startSweep();
  }

  /** The entry of a request. @param whole largest body that is read at once */
  find(key: string, fields: Fields, whole: number): DiskEntry | undefined {
    const base = fileOf(this.#tree, key);
    const found = readEntry(base, whole);
    if (found === undefined || found.head.key !== key) return undefined;
    if (!("fork" in found.head))
      return this.#used(base, found.used, { stored: found.head, body: found.body });
    const names = found.head.fork;
    const selection = selectionOf(fields, names);
    if (selection === undefined) return undefined;
    const path = variantFile(base, names, selection);
    const variant = readEntry(path, whole);
    if (variant === undefined || "fork" in variant.head) return undefined;
    const stored = variant.head;
    // Two that share the file: only the one that is in it.
    if (stored.key !== key || stored.selection !== selection || stored.names.join() !== names.join())
      return undefined;
    this.#touch(base, found.used);
    return this.#used(path, variant.used, { stored, body: variant.body });
  }

  /** Whether there are answers of this URL, that this request may not select. */
  has(key: string): boolean {
    return statSync(fileOf(this.#tree, key), { throwIfNoEntry: false }) !== undefined;
  }

  /** A file for an entry whose body comes. */
  pending(stored: Stored): PendingFile {
    return new PendingFile(this.#tree, stored, this.#control, this.#most);
  }

  /** Gives a file that has its body its name. */
  async commit(file: PendingFile, stored: Stored, durable: boolean): Promise<boolean> {
    const { key, names, selection } = stored;
    const base = fileOf(this.#tree, key);
    const varies = names.length > 0;
    const done = await file.commit(varies ? variantFile(base, names, selection) : base, durable);
    if (done && varies) this.#fork(base, { key, fork: names });
    this.#makeRoom();
    return done;
  }

  /** Puts a whole entry; a small one before it returns. */
  put(stored: Stored, body: Uint8Array): Promise<boolean> | boolean {
    return body.length > small ? this.#putLarge(stored, body) : this.#putSmall(stored, body);
  }

  #putSmall(stored: Stored, body: Uint8Array): boolean {
    const { key, names, selection } = stored;
    const base = fileOf(this.#tree, key);
    const path = names.length > 0 ? variantFile(base, names, selection) : base;
    const done = writeNow(this.#tree, path, stored, body, this.#room);
    if (done && names.length > 0) this.#fork(base, { key, fork: names });
    this.#makeRoom();
    return done;
  }

  async #putLarge(stored: Stored, body: Uint8Array): Promise<boolean> {
    const file = this.pending(stored);
    if (await file.write(body)) return this.commit(file, stored, false);
    await this.discard(file);
    return false;
  }

  async discard(file: PendingFile): Promise<void> {
    await file.discard();
    this.#makeRoom();
  }

  remove({ key, names, selection }: Stored): void {
    const base = fileOf(this.#tree, key);
    const path = names.length > 0 ? variantFile(base, names, selection) : base;
    removeFile(path);
  }

  /** It was used just now, if only in memory. */
  use({ key, names, selection }: Stored): void {
    const base = fileOf(this.#tree, key);
    this.#touch(base, 0);
    if (names.length > 0) this.#touch(variantFile(base, names, selection), 0);
  }

  /** Has purges written to the disk soon: after a loss of power only those of the last second may be forgotten. */
  keepPurges(): void {
    this.#keeping ??= setTimeout(() => {
      this.#keeping = undefined;
      void syncFile(join(this.#tree, "control"));
    }, 1000).unref();
  }

  /** When no sweep of this worker runs any more. */
  async settled(): Promise<void> {
    if (this.#keeping !== undefined) {
      clearTimeout(this.#keeping);
      this.#keeping = undefined;
      await syncFile(join(this.#tree, "control"));
    }
    await this.#sweeping;
  }

  #fork(base: string, fork: Fork): void {
    const found = readEntry(base, 0);
    if (found !== undefined && "fork" in found.head && found.head.fork.join() === fork.fork.join()) return;
    writeNow(this.#tree, base, fork, new Uint8Array(0), this.#room);
  }

  get #room(): { control: Control; most: number } {
    return { control: this.#control, most: this.#most };
  }

  #used(path: string, used: number, entry: DiskEntry): DiskEntry {
    this.#touch(path, used);
    return entry;
  }

  #touch(path: string, used: number): void {
    const now = Date.now();
    if (now - used < useInterval) return;
    try {
      utimesSync(path, now / 1000, now / 1000);
    } catch {
      // It went in this moment.
    }
  }

  #makeRoom(): void {
    if (this.#control.diskBytes > this.#most * fullShare) this.#startSweep();
  }

  #startSweep(): void {
    this.#sweeping ??= sweep(this.#tree, this.#control, this.#most * fullShare)
      // A directory that is gone or not ours any more: nothing is stored, which others will say.
      .catch(() => {})
      .finally(() => (this.#sweeping = undefined));
  }
}
