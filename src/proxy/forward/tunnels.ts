import { Refused } from "./refused.ts";

/** How many tunnels there are, and whose they are. */
export class Tunnels {
  readonly #most: number;
  readonly #mostOfClient: number;
  readonly #clients = new Map<string, number>();
  #count = 0;

  constructor(most = 4096, mostOfClient = 512) {
    this.#most = most;
    this.#mostOfClient = mostOfClient;
  }

  /** @throws Refused 429, 503 */
  open(client: string): void {
    const own = this.#clients.get(client) ?? 0;
    if (own >= this.#mostOfClient)
      throw new Refused(429, "you have too many tunnels open", { "Retry-After": "5" });
    if (this.#count >= this.#most)
      throw new Refused(503, "too many tunnels are open", { "Retry-After": "5" });
    this.#clients.set(client, own + 1);
    this.#count++;
  }

  close(client: string): void {
    this.#count--;
    const left = this.#clients.get(client)! - 1;
    if (left > 0) this.#clients.set(client, left);
    else this.#clients.delete(client);
  }
}
