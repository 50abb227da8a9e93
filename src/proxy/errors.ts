import { codes, SkitaiError } from "../errors.ts";

/** Why an upstream could not be asked, with its alias: an answer of 502, 503 or 504. Spec P2. */
export class ProxyError extends SkitaiError {
  readonly alias: string;
  override readonly shown: string;
  /** Fields of the answer. */
  readonly headers: Readonly<Record<string, string>> | undefined;

  constructor(
    code:
      | "PROXY_UNREACHABLE"
      | "PROXY_MALFORMED"
      | "PROXY_OVERLOADED"
      | "PROXY_TIMEOUT"
      | "PROXY_LOOP"
      | "PROXY_ABORTED",
    alias: string,
    member: string | undefined,
    cause?: unknown,
  ) {
    super(code, {
      name: member === undefined ? alias : `${alias} (${member})`,
      accepted: cause instanceof Error ? cause.message : expected[code],
      cause,
    });
    this.name = "ProxyError";
    this.alias = alias;
    this.headers = code === "PROXY_OVERLOADED" ? { "retry-after": "1" } : undefined;
    this.shown = `${alias}: ${codes[code].title.toLowerCase()}`;
  }
}

const expected = {
  PROXY_UNREACHABLE: "a server that listens",
  PROXY_MALFORMED: "an answer of HTTP/1.1",
  PROXY_OVERLOADED: "a free connection",
  PROXY_TIMEOUT: "an answer in time",
  PROXY_LOOP: "a request that was not here so often already",
  PROXY_ABORTED: "a client that waits",
} as const;
