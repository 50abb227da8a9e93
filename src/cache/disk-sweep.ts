import { closeSync, openSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { tryLock } from "../system/flock.ts";
import type { Control } from "./control.ts";
import { blocksOf, isEntryName, shards } from "./disk-names.ts";
import { removeFile } from "./disk-read.ts";

interface Found {
  readonly path: string;
  readonly used: number;
  readonly bytes: number;
}

/** What is left of the store's bytes when it was too full. */
const keptShare = 0.75;

/**
 * Counts what is on disk, and when that is more than `most` bytes removes what was not used for longest; files that are
 * none of the store's go anyway. One worker at a time; the others do nothing. Each directory gives up its own share, so
 * that memory does not grow with the store. What is counted is what there is or more, never less. Returns between directories to whoever waits.
 * @param most bytes above which something has to go
 */
export async function sweep(tree: string, control: Control, most: number): Promise<void> {
  const lock = openSync(join(tree, "sweep.lock"), "a", 0o600);
  try {
    if (!tryLock(lock, "exclusive")) return;
    const written = temporary(tree);
    const before = control.diskBytes;
    const entriesBefore = control.diskEntries;
    // Before and after: what is given up in between was counted in one of them, and what begins is in the other.
    for (const [name, bytes] of temporary(tree)) written.set(name, Math.max(bytes, written.get(name) ?? 0));
    let total = written.values().reduce((sum, bytes) => sum + bytes, 0);
    let entries = 0;
    for (const shard of shards) {
      const found = list(join(tree, shard));
      total += found.reduce((sum, { bytes }) => sum + bytes, 0);
      entries += found.length;
      await Bun.sleep(0);
    }
    const excess = total > most ? total - most * keptShare : 0;
    const removed = excess > 0 ? await evict(tree, excess / total) : { bytes: 0, entries: 0 };
    // What others wrote since is in the words, and stays.
    control.addDisk(total - removed.bytes - before, entries - removed.entries - entriesBefore);
  } finally {
    closeSync(lock);
  }
}

async function evict(tree: string, share: number): Promise<{ bytes: number; entries: number }> {
  const removed = { bytes: 0, entries: 0 };
  // A large file in a small directory counts for the next one: shares even out.
  let owed = 0;
  for (const shard of shards) {
    const found = list(join(tree, shard)).sort((a, b) => a.used - b.used);
    owed += share * found.reduce((sum, { bytes }) => sum + bytes, 0);
    for (const { path, bytes } of found) {
      if (owed <= 0) break;
      removeFile(path);
      owed -= bytes;
      removed.bytes += bytes;
      removed.entries++;
    }
    await Bun.sleep(0);
  }
  return removed;
}

/** Entries of a directory. */
function list(directory: string): Found[] {
  const found: Found[] = [];
  for (const name of namesIn(directory)) {
    const path = join(directory, name);
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats === undefined) continue;
    if (!stats.isFile() || !isEntryName(name)) rmSync(path, { recursive: true, force: true });
    else found.push({ path, used: stats.mtimeMs, bytes: blocksOf(stats.size) });
  }
  return found;
}

/** Bytes of the files that are being written; those of writers that died go. */
function temporary(tree: string): Map<string, number> {
  const found = new Map<string, number>();
  for (const name of namesIn(join(tree, "tmp"))) {
    const path = join(tree, "tmp", name);
    if (!isAlive(Number(/^(\d+)-\d+$/.exec(name)?.[1]))) rmSync(path, { recursive: true, force: true });
    else found.set(name, blocksOf(statSync(path, { throwIfNoEntry: false })?.size ?? 0));
  }
  return found;
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function isAlive(pid: number): boolean {
  if (!(pid > 0)) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Another user's is alive, too.
    return (error as { code?: string }).code === "EPERM";
  }
}
