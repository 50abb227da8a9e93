/** What tells one version of a file from another. */
export interface Stamp {
  /** Opaque, without quotes: the strong entity tag is made of it. */
  readonly tag: string;
  readonly size: number;
  /** Milliseconds since the epoch, with a fraction. */
  readonly mtime: number;
}

/** A body that is read piece by piece, in ranges of one version of the file. */
export interface Hold {
  readonly blob: Blob;
  /** False once the file was written in place: what was read since may be of another version. */
  unchanged(): boolean;
  release(): void;
}

/** One version of a file, opened. */
export interface Content {
  readonly stamp: Stamp;
  /** The whole of it; `slice` costs nothing. */
  readonly body: Blob;
  /** False: `body` is a file, and Bun answers a Range on it by itself. */
  readonly inMemory: boolean;
  hold(): Hold;
  /** No new response will use it; ones under way may. */
  release(): void;
}

/** Where the files of a directory come from. Paths are decoded own paths that `ownPath` let through: `/css/a.css`. */
export interface Source {
  /** Looks without opening. */
  stat(path: string): Stamp | "directory" | undefined;
  /**
   * A regular file inside the root, read into memory when it has at most `maxFile` bytes, else held open.
   * `undefined`: there is none, or it may not be read.
   */
  open(path: string, maxFile: number): Content | undefined;
}

/** Content that no writer can reach. */
export function memoryContent(stamp: Stamp, body: Blob): Content {
  const hold: Hold = { blob: body, unchanged: () => true, release() {} };
  return { stamp, body, inMemory: true, hold: () => hold, release() {} };
}
