import { undecided } from "./error.ts";
import { type KeyHint, type KeySource, matching } from "./key-source.ts";
import { publishedKey, type VerifyKey } from "./keys.ts";

/** In seconds. */
export interface RemoteKeysOptions {
  readonly url: string;
  readonly maxAge: number;
  readonly cooldown: number;
  readonly timeout: number;
}

const maxBytes = 256 * 1024;
const maxKeys = 100;
/** How long (s) keys are used when nobody can be asked for newer ones. */
const maxStale = 86_400;
/** Pause (s) after a question that failed. */
const afterFailure = 2;

/**
 * The JWK set of an issuer (RFC 7517 §5), asked for when it is needed: at first, when it is old, and when a token names a
 * key that is not in it. Requests never wait for a set that is old, but for one that is missing.
 */
export class RemoteKeys implements KeySource {
  #keys: readonly VerifyKey[] | undefined;
  #text = "";
  #version = 0;
  /** Milliseconds since 1970. */
  #loadedAt = 0;
  #askedAt = 0;
  #failure: unknown;
  #asking: Promise<void> | undefined;
  readonly #options: RemoteKeysOptions;
  readonly #warn: (text: string) => void;

  constructor(options: RemoteKeysOptions, warn: (text: string) => void) {
    this.#options = options;
    this.#warn = warn;
  }

  get version(): number {
    return this.#version;
  }

  /** @throws GatewayError GATEWAY_FAILED when there is no set and none can be got */
  async keysFor(hint: KeyHint): Promise<readonly VerifyKey[]> {
    const { maxAge, cooldown } = this.#options;
    const age = (Date.now() - this.#loadedAt) / 1000;
    if (this.#keys === undefined || age > maxStale) await this.#ask(afterFailure);
    else if (age > maxAge) void this.#ask(afterFailure);
    const found = matching(this.#usable(), hint);
    if (found.length > 0) return found;
    // Tokens with invented names of keys must not make us ask without end.
    await this.#ask(Math.max(cooldown, 0));
    return matching(this.#usable(), hint);
  }

  #usable(): readonly VerifyKey[] {
    const fresh = Date.now() - this.#loadedAt < maxStale * 1000;
    if (this.#keys !== undefined && fresh) return this.#keys;
    throw undecided("gateway", "the keys of the issuer cannot be had now", this.#failure, afterFailure);
  }

  /** @param pause seconds since the last question that must have passed */
  async #ask(pause: number): Promise<void> {
    if (this.#asking !== undefined) return await this.#asking;
    if (Date.now() - this.#askedAt < pause * 1000) return;
    this.#askedAt = Date.now();
    this.#asking = this.#load().finally(() => (this.#asking = undefined));
    await this.#asking;
  }

  async #load(): Promise<void> {
    const { url, timeout } = this.#options;
    try {
      const text = await fetchText(url, timeout);
      if (text !== this.#text) this.#keys = keysOf(text);
      if (text !== this.#text) this.#version++;
      this.#text = text;
      this.#loadedAt = Date.now();
      this.#failure = undefined;
    } catch (error) {
      this.#failure = error;
      const reason = error instanceof Error ? error.message : String(error);
      this.#warn(`gateway: keys of ${new URL(url).origin} cannot be had: ${reason}`);
    }
  }
}

async function fetchText(url: string, timeout: number): Promise<string> {
  const response = await fetch(url, {
    // Keys come from where the script says, and from nowhere else.
    redirect: "error",
    signal: AbortSignal.timeout(timeout * 1000),
    headers: { accept: "application/jwk-set+json, application/json" },
  });
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new Error(`status ${response.status}`);
  }
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of response.body ?? []) {
    bytes += part.length;
    if (bytes > maxBytes) throw new Error(`more than ${maxBytes} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

function keysOf(text: string): readonly VerifyKey[] {
  const { keys } = Object(JSON.parse(text)) as { keys?: unknown };
  if (!Array.isArray(keys)) throw new Error("no JWK set");
  const usable = keys.slice(0, maxKeys).flatMap((each) => publishedKey(each) ?? []);
  if (usable.length === 0) throw new Error("no key for signatures in the JWK set");
  return usable;
}
