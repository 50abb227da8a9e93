import { closeSync, ftruncateSync, openSync, renameSync, statSync, writevSync } from "node:fs";
import { type FileHandle, open, rename, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Control } from "./control.ts";
import { checksum, encodeHead, encodePrelude, type Fork, preludeLength } from "./disk-format.ts";
import { blocksOf } from "./disk-names.ts";
import { removeFile } from "./disk-read.ts";
import type { Stored } from "./stored.ts";

let last = 0;

/** A name of its own; the process in it lets a sweep see that nobody writes it any more. */
const temporaryPath = (tree: string): string => join(tree, "tmp", `${process.pid}-${++last}`);

/**
 * Writes a small entry at once: to the system's memory, which takes less time than to come back for it.
 * @returns false when there is no room, or the disk fails
 */
export function writeNow(
  tree: string,
  path: string,
  head: Stored | Fork,
  body: Uint8Array,
  { control, most }: { readonly control: Control; readonly most: number },
): boolean {
  const temporary = temporaryPath(tree);
  try {
    const bytes = encodeHead(head);
    const size = preludeLength + bytes.length + body.length;
    const fd = openSync(temporary, "wx", 0o600);
    try {
      // Its size first: see PendingFile.
      ftruncateSync(fd, size);
      if (!control.reserve(blocksOf(size), most)) throw new Error("no room");
      const written = writevSync(fd, [encodePrelude(bytes, body.length, checksum(body)), bytes, body]);
      if (written !== size) throw new Error("no room");
    } finally {
      closeSync(fd);
    }
    const isNew = statSync(path, { throwIfNoEntry: false }) === undefined;
    renameSync(temporary, path);
    if (isNew) control.addDisk(0, 1);
    return true;
  } catch {
    removeFile(temporary);
    return false;
  }
}

/**
 * A file of the store while it is written: under a name of its own, and under the real one when it is whole. Who dies
 * over it leaves nothing that is read. Room on disk is taken before it is used, and given back by sweeps alone: they could
 * not tell what others give back while they count.
 */
export class PendingFile {
  readonly #control: Control;
  readonly #most: number;
  readonly #path: string;
  readonly #head: Buffer;
  #file: FileHandle | undefined;
  #reserved = 0;
  #length = 0;
  #sum = 0;

  /** @param most bytes that the whole store may have */
  constructor(tree: string, head: Stored | Fork, control: Control, most: number) {
    this.#path = temporaryPath(tree);
    this.#head = encodeHead(head);
    this.#control = control;
    this.#most = most;
  }

  /** @returns false when the disk is full, for the store or for all */
  async write(bytes: Uint8Array): Promise<boolean> {
    const offset = preludeLength + this.#head.length + this.#length;
    try {
      const file = await this.#reserve(offset + bytes.length);
      if (file === undefined) return false;
      await writeAll(file, bytes, offset);
    } catch {
      return false;
    }
    this.#sum = checksum(bytes, this.#sum);
    this.#length += bytes.length;
    return true;
  }

  /**
   * Ends it and gives it its name. On disk before that when it is `durable`, as a body is whose checksum nobody reads.
   * @returns false when that was not possible; it is gone then
   */
  async commit(path: string, durable: boolean): Promise<boolean> {
    try {
      const file = await this.#reserve(preludeLength + this.#head.length + this.#length);
      if (file === undefined) throw new Error("no room");
      await writeAll(file, this.#head, preludeLength);
      await writeAll(file, encodePrelude(this.#head, this.#length, this.#sum), 0);
      if (durable) await file.datasync();
      await file.close();
      this.#file = undefined;
      const isNew = (await stat(path).catch(() => undefined)) === undefined;
      await rename(this.#path, path);
      if (isNew) this.#control.addDisk(0, 1);
      return true;
    } catch {
      await this.discard();
      return false;
    }
  }

  async discard(): Promise<void> {
    await this.#file?.close().catch(() => {});
    this.#file = undefined;
    removeFile(this.#path);
  }

  /** Has its size before the room is taken: a sweep that counts in between counts too much rather than too little. */
  async #reserve(bytes: number): Promise<FileHandle | undefined> {
    const file = (this.#file ??= await open(this.#path, "wx", 0o600));
    const more = blocksOf(bytes) - this.#reserved;
    if (more <= 0) return file;
    await file.truncate(bytes);
    if (!this.#control.reserve(more, this.#most)) return undefined;
    this.#reserved += more;
    return file;
  }
}

async function writeAll(file: FileHandle, bytes: Uint8Array, offset: number): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, at, bytes.length - at, offset + at);
    at += bytesWritten;
  }
}
