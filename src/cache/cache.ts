import { SkitaiError } from "../errors.ts";
import type { RelayedAnswer, RelayedRequest } from "../http/relay.ts";
import { type Asked, marksOf, type Names, readRequest } from "./asked.ts";
import type { Entry } from "./entry.ts";
import { cacheStatus } from "./entry.ts";
import { invalidate } from "./invalidate.ts";
import { passedOn } from "./keep.ts";
import { keyOf, outgoing } from "./key.ts";
import { select } from "./memory.ts";
import { replyFrom } from "./reply.ts";
import type { Store } from "./store.ts";
import { type Forward, type Miss, Upstream } from "./upstream.ts";
import { useOf } from "./usable.ts";

/** What a request is besides its head. */
export interface AnswerOptions {
  /** It has a body, though its fields do not say so: it is forwarded and nothing is stored. Default false. */
  readonly body?: boolean;
  /** The client may not ask for more than the origin allows: its `Cache-Control` and `Pragma` are not heard. Default false. */
  readonly ignoreDirectives?: boolean;
  /**
   * Fields that whoever forwards sets or takes off: a request does not show what the upstream gets, so that what varies by one
   * is not kept. Default none.
   */
  readonly unseen?: Names | undefined;
}

/** What is to be gone, on all workers: one of these. */
export interface PurgeTarget {
  /** One URL, with all that it varies by. */
  readonly url?: string;
  /** All URLs that begin so, from the scheme on. */
  readonly prefix?: string;
  /** All answers whose `Cache-Tag` or `Surrogate-Key` has it, in any case. */
  readonly tag?: string;
  /** All there is. */
  readonly all?: true;
}

/** Counts of this worker, but for `disk`: that is all workers' together, and what was
 * given up since the last sweep is still in it. Sizes in bytes. */
export interface CacheStats {
  readonly hits: number;
  readonly misses: number;
  readonly entries: number;
  readonly bytes: number;
  readonly disk: { readonly entries: number; readonly bytes: number };
}

/** Milliseconds between two marks of an entry on disk as used, while memory answers. */
const useInterval = 600_000;

/**
 * A shared HTTP cache (RFC 9111) for reverse and forward proxies and HTTP corequests. Spec C1, C2.
 *
 * A client's fields that reach the upstream and are not in the URL must not change what it answers, unless it says
 * `Vary`: whoever forwards takes off or sets himself `X-Forwarded-Host`, `X-Forwarded-Proto`, `X-Forwarded-Port`,
 * `X-Forwarded-Prefix`, `X-Host`, `Forwarded`. Requests with fields that replace the method or the URL are never
 * answered from the store, nor stored.
 */
export class HttpCache {
  readonly #store: Store;
  readonly #upstream: Upstream;
  #hits = 0;
  #misses = 0;

  /** @param patience milliseconds to wait for an equal request that is on its way */
  constructor(store: Store, patience: number) {
    this.#store = store;
    this.#upstream = new Upstream(store, patience);
  }

  /**
   * An answer from the store, at once where memory has a fresh one; else from `forward`, and kept if it may be.
   * Answers of memory have their body whole, and are the same object for a second. Rejects with what `forward` does.
   */
  answer(
    request: RelayedRequest,
    forward: Forward,
    options?: AnswerOptions,
  ): RelayedAnswer | Promise<RelayedAnswer> {
    if (request.method === "GET" && options?.body !== true) {
      const resource = this.#store.memory.resource(request.url);
      if (resource !== undefined && marksOf(request.fields) === 0) {
        const entry = resource.only ?? select(resource, request.fields);
        if (
          entry?.quick !== undefined &&
          entry.checked === this.#store.control.changes &&
          Date.now() < entry.quickUntil
        ) {
          this.#hits++;
          return entry.quick;
        }
      }
    }
    return this.#consider(request, forward, options);
  }

  /**
   * Takes answers away. When it returns, no worker answers with them any more.
   * @throws SkitaiError OPTION_INVALID unless it is exactly one target
   */
  purge(target: PurgeTarget): void {
    const { control } = this.#store;
    const given = Object.entries(target).filter(([, value]) => value !== undefined);
    const [name, value] = given[0] ?? [];
    const key = name === "url" ? keyOf(String(value)) : undefined;
    if (given.length !== 1) throw refused(target);
    if (name === "url" && key !== undefined) for (const each of [key, outgoing(key)]) control.purgeUrl(each);
    else if (name === "tag" && typeof value === "string" && value !== "")
      control.purgeTag(value.toLowerCase());
    else if (name === "prefix" && typeof value === "string" && /^https?:\/\/[^/]/i.test(value))
      control.purgePrefix(prefixOf(value));
    else if (name === "all" && value === true) control.purgeAll();
    else throw refused(target);
    this.#store.disk?.keepPurges();
  }

  stats(): CacheStats {
    const { memory, control } = this.#store;
    return {
      hits: this.#hits,
      misses: this.#misses,
      entries: memory.entries,
      bytes: memory.bytes,
      disk: { entries: control.diskEntries, bytes: control.diskBytes },
    };
  }

  /** Waits for what is being written, and gives the memory back. The disk stays for the next start. */
  async close(): Promise<void> {
    await this.#store.settled();
    this.#store.memory.clear();
  }

  #consider(
    request: RelayedRequest,
    forward: Forward,
    options: AnswerOptions = {},
  ): RelayedAnswer | Promise<RelayedAnswer> {
    const read = readRequest(request, options.body === true, options.unseen);
    const asked =
      options.ignoreDirectives === true ? { ...read, directives: new Map(), noCache: false } : read;
    const { key } = asked;
    if (key === undefined) return this.#pass(request, forward);
    const entry = this.#store.find(key, asked);
    const now = Date.now();
    const use = entry === undefined ? "no" : useOf(entry.stored, asked, now);
    if (entry !== undefined && (use === "fresh" || use === "stale" || use === "while-revalidate")) {
      const answer = this.#stored(entry, asked, now);
      if (answer !== undefined) {
        this.#hits++;
        if (use === "while-revalidate")
          void this.#upstream.refresh({ asked, key, forward, entry, why: "stale", detached: true });
        return answer;
      }
    }
    this.#misses++;
    const why =
      use === "request"
        ? use
        : entry !== undefined
          ? "stale"
          : this.#store.has(key)
            ? "vary-miss"
            : "uri-miss";
    if (asked.directives.has("only-if-cached")) return unavailable();
    return this.#upstream.fetch({ asked, key, forward, entry, why, detached: false } satisfies Miss);
  }

  #stored(entry: Entry, asked: Asked, now: number): RelayedAnswer | undefined {
    if (now - entry.used > useInterval) {
      if (entry.used > 0) this.#store.disk?.use(entry.stored);
      entry.used = now;
    }
    return asked.plain && entry.body instanceof Uint8Array
      ? entry.whole(now)
      : replyFrom(entry, asked, now, `hit; ttl=${entry.ttl(now)}`);
  }

  /** What is not for the store goes through; what changes the origin takes away what is stored of it. */
  async #pass(request: RelayedRequest, forward: Forward): Promise<RelayedAnswer> {
    const known = request.method === "GET" || request.method === "HEAD";
    const answer = await forward(request, false);
    if (invalidate(request, answer, this.#store.control)) this.#store.disk?.keepPurges();
    const how = `fwd=${known ? "bypass" : "method"}; fwd-status=${answer.status}`;
    return { ...answer, fields: passedOn(answer.fields, how) };
  }
}

/** RFC 9111 §5.2.1.7. */
const unavailable = (): RelayedAnswer => ({
  status: 504,
  reason: "Gateway Timeout",
  fields: [["Content-Length", "0"], cacheStatus("detail=only-if-cached", undefined)],
  body: null,
  length: 0,
});

/** With scheme and host as keys have them, where the prefix has the whole host. */
function prefixOf(prefix: string): string {
  const slash = prefix.indexOf("/", prefix.indexOf("//") + 2);
  if (slash < 0) return prefix.toLowerCase();
  const origin = keyOf(prefix.slice(0, slash + 1));
  return origin === undefined ? prefix : origin + prefix.slice(slash + 1);
}

const refused = (value: unknown): SkitaiError =>
  new SkitaiError("OPTION_INVALID", {
    name: "purge",
    value,
    accepted: 'exactly one of { url: "https://…" }, { prefix: "https://…" }, { tag: "text" }, { all: true }',
  });
