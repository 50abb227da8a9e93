import type { Redis } from "ioredis";

/** A Lua script that Redis keeps by its hash: what it does is done as one. */
export class Script {
  readonly #text: string;
  readonly #hash: string;

  constructor(text: string) {
    this.#text = text;
    this.#hash = new Bun.CryptoHasher("sha1").update(text).digest("hex");
  }

  /** @throws what Redis or the connection says */
  async run(client: Redis, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    try {
      return await client.evalsha(this.#hash, keys.length, ...keys, ...args);
    } catch (error) {
      if (!(error as Error).message.startsWith("NOSCRIPT")) throw error;
      return client.eval(this.#text, keys.length, ...keys, ...args);
    }
  }
}
