/**
 * One answer, its body read. `Data` is what the caller expects in `data`; nothing checks it.
 */
export class Result<Data = unknown> {
  /** The answer itself; its body is used, read `bytes`, `text` or `data`. */
  readonly response: Response;
  /** The body, decompressed unless the request said otherwise. */
  readonly bytes: Uint8Array;
  #text: string | undefined;
  #data: { readonly value: unknown } | undefined;

  constructor(response: Response, bytes: Uint8Array) {
    this.response = response;
    this.bytes = bytes;
  }

  get status(): number {
    return this.response.status;
  }

  /** The same as `status`. */
  get statusCode(): number {
    return this.response.status;
  }

  /** Whether the status is 200 to 299. */
  get ok(): boolean {
    return this.response.ok;
  }

  get headers(): Headers {
    return this.response.headers;
  }

  /** The body in the charset of the Content-Type, UTF-8 when it names none. */
  get text(): string {
    this.#text ??= new TextDecoder(this.#charset()).decode(this.bytes);
    return this.#text;
  }

  /**
   * The parsed body of a JSON type (`application/json`, `application/problem+json` …); the text of a `text/` type;
   * `undefined` for any other type and for an empty body.
   * @throws SyntaxError when the body says it is JSON and is not.
   */
  get data(): Data {
    this.#data ??= { value: this.#parse() };
    return this.#data.value as Data;
  }

  #parse(): unknown {
    const type = this.headers.get("content-type") ?? "";
    if (this.bytes.length === 0) return undefined;
    if (/^application\/(?:[^;\s]+\+)?json\b/i.test(type)) return JSON.parse(this.text);
    return /^text\//i.test(type) ? this.text : undefined;
  }

  #charset(): Bun.Encoding {
    const charset = /;\s*charset="?([^";\s]+)/i.exec(this.headers.get("content-type") ?? "")?.[1];
    return (charset ?? "utf-8") as Bun.Encoding;
  }
}
