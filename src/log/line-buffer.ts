/** What escapes a client's character: `\"`, `\\`, `\x0a`, `\u2028`. */
function escaped(code: number): string {
  if (code === 34 || code === 92) return `\\${String.fromCharCode(code)}`;
  return code < 256 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
}

const unsafe = /[^\x21\x23-\x5b\x5d-\x7e]/;
const unsafeInQuotes = /[^\x20\x21\x23-\x5b\x5d-\x7e]/;
/** Longer values (characters) are written by one native call, if they are safe as they are. */
const long = 24;

/**
 * Log lines as bytes. Written character by character: a line of twenty fields joined as a string costs 350 ns, most of it
 * for flattening the rope and for its garbage, this costs 150. Callers see to the room: see `Sink.reserve`.
 */
export class LineBuffer {
  bytes: Buffer<ArrayBuffer>;
  at = 0;

  constructor(size: number) {
    this.bytes = Buffer.alloc(size);
  }

  /** The engine's own ASCII text, as it is. */
  text(value: string): void {
    const { bytes } = this;
    const { length } = value;
    let at = this.at;
    for (let i = 0; i < length; i++) bytes[at++] = value.charCodeAt(i);
    this.at = at;
  }

  /** One blank, then a size or a number of milliseconds; negative is unknown and shown as `-`. */
  integer(value: number): void {
    this.bytes[this.at++] = 32;
    if (value < 0) this.bytes[this.at++] = 45;
    else this.#digits(value);
  }

  /** One blank, then the engine's own word with a number at its end. */
  numbered(word: string, value: number): void {
    this.word(word);
    this.#digits(value);
  }

  #digits(value: number): void {
    const { bytes } = this;
    let unit = 1;
    while (value >= unit * 10) unit *= 10;
    for (; unit >= 1; unit /= 10) bytes[this.at++] = 48 + (Math.floor(value / unit) % 10);
  }

  /** One blank, then the engine's own word. */
  word(value: string): void {
    this.bytes[this.at++] = 32;
    this.text(value);
  }

  /** One blank, then a client's value as one field: no blank, quote or control character in it; `-` when absent. */
  field(value: string | null | undefined): void {
    if (value) {
      this.bytes[this.at++] = 32;
      this.#client(value, 33);
    } else this.#absent();
  }

  /** One blank, then a client's value between double quotes; a bare `-` when absent. */
  quoted(value: string | null | undefined): void {
    if (!value) return this.#absent();
    const { bytes } = this;
    bytes[this.at++] = 32;
    bytes[this.at++] = 34;
    this.#client(value, 32);
    bytes[this.at++] = 34;
  }

  #absent(): void {
    this.bytes[this.at++] = 32;
    this.bytes[this.at++] = 45;
  }

  /** Printable ASCII from `least` on goes as it is, everything that could end a field or a line is escaped. */
  #client(value: string, least: number): void {
    const { bytes } = this;
    const { length } = value;
    let at = this.at;
    if (length > long && !(least === 32 ? unsafeInQuotes : unsafe).test(value)) {
      this.at = at + bytes.write(value, at, "latin1");
      return;
    }
    for (let i = 0; i < length; i++) {
      const code = value.charCodeAt(i);
      if (code >= least && code < 127 && code !== 34 && code !== 92) bytes[at++] = code;
      else {
        this.at = at;
        this.text(escaped(code));
        at = this.at;
      }
    }
    this.at = at;
  }
}
