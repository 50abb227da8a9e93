const KEEP = 1 << 20;
const SHOW = 16 * 1024;

/** What a server wrote, stdout and stderr in the order they arrived; the last 2^20 characters of it. */
export class Output {
  readonly #pumps: Promise<void>[] = [];
  #text = "";
  #dropped = 0;
  #shown = 0;

  /** All of it so far. */
  get text(): string {
    return this.#text;
  }

  /** Reads `stream` to its end, and copies it to `echo` as it comes. */
  collect(stream: ReadableStream<Uint8Array>, echo?: NodeJS.WritableStream): void {
    this.#pumps.push(this.#pump(stream, echo));
  }

  /** Resolves when every stream has ended: all processes that held one are gone. */
  async ended(): Promise<void> {
    await Promise.all(this.#pumps);
  }

  /** The end of what was not shown yet, at most 16 K characters; a second call does not repeat it. */
  unseen(): string {
    const fresh = this.#text.slice(Math.max(0, this.#shown - this.#dropped));
    this.#shown = this.#dropped + this.#text.length;
    return shortened(fresh);
  }

  /** The end of all of it, at most 16 K characters. */
  tail(): string {
    return shortened(this.#text);
  }

  /** The last line that is not blank: where a server that cannot start says why. */
  lastLine(): string {
    return this.#text.trimEnd().split("\n").at(-1) ?? "";
  }

  async #pump(stream: ReadableStream<Uint8Array>, echo?: NodeJS.WritableStream): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of stream) {
      echo?.write(chunk);
      this.#append(decoder.decode(chunk, { stream: true }));
    }
    this.#append(decoder.decode());
  }

  #append(text: string): void {
    this.#text += text;
    // Cut at twice the limit, so that a chatty server does not pay for a copy with every chunk.
    if (this.#text.length > 2 * KEEP) {
      this.#dropped += this.#text.length - KEEP;
      this.#text = this.#text.slice(-KEEP);
    }
  }
}

function shortened(text: string): string {
  return text.length > SHOW ? `[...]\n${text.slice(-SHOW)}` : text;
}
