import { negotiate } from "../http/accept-encoding.ts";
import type { Coding } from "../http/accept-encoding.ts";
import { isCompressible, mediaTypeOf } from "../http/media-type.ts";
import { encode, MADE, MIN_ENCODED } from "./encode.ts";
import type { FileMemory, Kept } from "./file-memory.ts";
import { Representation } from "./representation.ts";
import type { Traits } from "./representation.ts";
import { signatureOf, SUFFIX } from "./siblings.ts";
import type { Versions } from "./siblings.ts";
import { memoryContent } from "./source.ts";
import type { Content, Source } from "./source.ts";

/** What an entry costs besides its bytes. */
const OVERHEAD = 2048;
/** What an open descriptor is taken to cost, so that memory bounds their number too: 256 by default. */
const DESCRIPTOR_WEIGHT = 256 * 1024;
/** Two writes this close, in milliseconds, may get one mtime: 2 s on FAT, 1 s on old NFS, a tick before Linux 6.13. */
const TIMESTAMP_GRAIN = 2000;

/** The directory's part in an entry. */
export interface Home {
  readonly source: Source;
  readonly memory: FileMemory;
  readonly compression: boolean;
  maxAge(path: string): number | undefined;
  forget(entry: Entry): void;
}

/** One version of a file, and what can be sent for it. */
export class Entry implements Kept {
  /** True from the start: newer than what is swept, so not the first to go. */
  used = true;
  /** On the clock of `performance.now()`: until then the disk is not looked at. */
  freshUntil = 0;
  readonly path: string;
  readonly #home: Home;
  readonly #signature: string;
  readonly #settled: boolean;
  readonly #traits: Traits;
  readonly #siblings: Versions["siblings"];
  readonly #offered: readonly Coding[];
  readonly #identity: Representation;
  readonly #variants = new Map<Coding, Representation | Promise<Representation>>();
  readonly #contents: Content[];

  constructor(home: Home, path: string, content: Content, siblings: Versions["siblings"]) {
    const { stamp } = content;
    const type = mediaTypeOf(path);
    this.path = path;
    this.#home = home;
    this.#siblings = siblings;
    this.#signature = signatureOf({ stamp, siblings });
    this.#settled = Math.abs(Date.now() - stamp.mtime) > TIMESTAMP_GRAIN;
    // Files too big for memory are not compressed as they go: 10 ms of CPU per MB and download, against 0.2 ms to send
    // them as they are. Precompressed siblings serve that case.
    const makes = home.compression && content.inMemory && stamp.size > MIN_ENCODED && isCompressible(type);
    this.#offered = [...new Set([...siblings.keys(), ...(makes ? MADE : [])])];
    this.#traits = {
      type,
      mtime: stamp.mtime,
      negotiated: this.#offered.length > 0,
      maxAge: home.maxAge(path),
    };
    this.#identity = new Representation(content, stamp.tag, this.#traits);
    this.#contents = [content];
  }

  get weight(): number {
    return weightOf(this.#identity.content);
  }

  /** Whether the disk still holds what this was made from. A file written a moment before it was read is read again. */
  matches(versions: Versions): boolean {
    return this.#settled && signatureOf(versions) === this.#signature;
  }

  refresh(): void {
    this.#identity.refresh();
    for (const variant of this.#variants.values()) if (variant instanceof Representation) variant.refresh();
  }

  /**
   * The representation `headers` ask for; `undefined` when they refuse all of them. A Range gets identity where that is
   * acceptable: its offsets are then the same for every client.
   */
  select(headers: Headers): Representation | Promise<Representation> | undefined {
    if (this.#offered.length === 0) return this.#identity;
    const field = headers.get("accept-encoding");
    const coding = negotiate(field, this.#offered);
    if (coding === undefined) return undefined;
    if (coding === "identity") return this.#identity;
    if (headers.has("range") && negotiate(field, []) === "identity") return this.#identity;
    return this.#variants.get(coding) ?? this.#variant(coding);
  }

  evicted(): void {
    this.#home.forget(this);
    this.release();
  }

  release(): void {
    for (const content of this.#contents) content.release();
  }

  #variant(coding: Coding): Representation | Promise<Representation> {
    const variant = this.#siblings.has(coding) ? this.#sibling(coding) : this.#encoded(coding);
    this.#variants.set(coding, variant);
    return variant;
  }

  #sibling(coding: Coding): Representation {
    const { source, memory } = this.#home;
    const content = source.open(this.path + SUFFIX[coding], memory.maxFile);
    // Gone or replaced since it was looked at; the next look rebuilds this entry.
    if (content?.stamp.tag !== this.#siblings.get(coding)?.tag || content === undefined) {
      content?.release();
      return this.#identity;
    }
    this.#contents.push(content);
    return this.#kept(new Representation(content, content.stamp.tag, this.#traits, coding));
  }

  async #encoded(coding: Coding): Promise<Representation> {
    try {
      const { body, stamp } = this.#identity.content;
      const encoded = await encode(await body.bytes(), coding);
      const variant =
        encoded === undefined
          ? this.#identity
          : this.#kept(new Representation(memoryContent(stamp, encoded), stamp.tag, this.#traits, coding));
      this.#variants.set(coding, variant);
      return variant;
    } catch (error) {
      this.#variants.delete(coding);
      throw error;
    }
  }

  #kept(variant: Representation): Representation {
    this.#home.memory.grow(this, weightOf(variant.content));
    return variant;
  }
}

const weightOf = ({ inMemory, body }: Content): number =>
  inMemory ? body.size + OVERHEAD : DESCRIPTOR_WEIGHT;
