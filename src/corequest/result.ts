import { type Status, statusOf } from "./status.ts";

/** What a call has to say beside its data. */
export interface ResultParts {
  /** HTTP status; 200 or 500 of databases; 700 and above when nobody answered. */
  readonly statusCode?: number;
  readonly reason?: string;
  readonly headers?: Headers;
  /** What `fetch` throws. */
  readonly error?: Error | undefined;
}

const noHeaders: ResultParts = Object.freeze({});

/** How a call ended, and with what. Spec Q3. */
export class Result<T> {
  /** Parsed: JSON as its value, text as text, other content as bytes, rows as objects; `undefined` when there is no content, or the call failed. */
  readonly data: T;
  readonly status: Status;
  readonly statusCode: number;
  readonly reason: string;
  /** What `fetch` throws. */
  readonly error: Error | undefined;
  #headers: Headers | undefined;
  #keep: ((seconds: number) => void) | undefined;

  constructor(data: T, parts: ResultParts = noHeaders) {
    this.data = data;
    this.statusCode = parts.statusCode ?? 200;
    this.status = statusOf(this.statusCode);
    this.reason = parts.reason ?? "OK";
    this.error = parts.error;
    this.#headers = parts.headers;
  }

  /** Of an HTTP answer, else empty. */
  get headers(): Headers {
    return (this.#headers ??= new Headers());
  }

  /** Whether `fetch` would throw. */
  get ok(): boolean {
    return this.error === undefined;
  }

  /** The data as text: text as it is, bytes as UTF-8, everything else as JSON. */
  text(): string {
    const { data } = this;
    if (typeof data === "string") return data;
    if (data === undefined) return "";
    return data instanceof Uint8Array ? new TextDecoder().decode(data) : JSON.stringify(data);
  }

  /** Keeps the result for calls that are equal, see `DispatchOptions.cache`. Spec Q6. */
  cache(seconds: number): this {
    this.#keep?.(seconds);
    return this;
  }

  /** For the task: what `cache` does. */
  keptBy(keep: (seconds: number) => void): void {
    this.#keep = keep;
  }
}
