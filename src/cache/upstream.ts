import { LRUCache } from "lru-cache";
import type { RelayedAnswer, RelayedRequest } from "../http/relay.ts";
import { type Asked, readRequest } from "./asked.ts";
import type { Entry } from "./entry.ts";
import { valueOf } from "./fields.ts";
import { Flight, type Outcome } from "./flight.ts";
import { type Fetched, passedOn, toStored } from "./keep.ts";
import { concerns, merged, unconditional, validating } from "./refresh.ts";
import { replyFrom } from "./reply.ts";
import type { Store } from "./store.ts";
import type { Stored } from "./stored.ts";
import { readWhole, tee } from "./tee.ts";
import { isFailure, standsIn, useOf } from "./usable.ts";

/**
 * Asks the upstream. The request may have other conditions than the client's.
 * @param detached nobody waits for the answer: not to be broken off when the client goes
 */
export type Forward = (request: RelayedRequest, detached: boolean) => Promise<RelayedAnswer>;

/** One request that the store does not answer by itself. */
export interface Miss {
  readonly asked: Asked;
  readonly key: string;
  readonly forward: Forward;
  /** What is stored, to be validated. */
  readonly entry: Entry | undefined;
  /** RFC 9211 §2.2: why it is forwarded. */
  readonly why: "uri-miss" | "vary-miss" | "stale" | "request";
  readonly detached: boolean;
}

/** Known to be short: read before the head is sent on, so that a broken one is never begun. */
const shortBody = 64 * 1024;
/** Milliseconds that answers of a URL are taken for what the last one was: for one client only. */
const uncacheableFor = 10_000;
/** Instead of a URL that a client may make long; of two that share one, the other is fetched without company for a while. */
const hashOf = (key: string): number => Bun.hash.xxHash32(key);
/** The way to the upstream and back: one fetch for all that want the same, and what comes is kept. */
export class Upstream {
  readonly #store: Store;
  /** Milliseconds to wait for another's fetch. */
  readonly #patience: number;
  readonly #flights = new Map<string, Flight>();
  readonly #uncacheable = new LRUCache<number, number>({ max: 10_000 });

  constructor(store: Store, patience: number) {
    this.#store = store;
    this.#patience = patience;
  }

  /** Rejects with what `forward` does, unless something stored stands in. */
  async fetch(miss: Miss): Promise<RelayedAnswer> {
    if (!miss.asked.plain || this.#isUncacheable(miss.key)) return this.#lead(miss, undefined);
    const until = Date.now() + this.#patience;
    for (;;) {
      const group = this.#store.groupOf(miss.key, miss.asked);
      const flight = this.#flights.get(group);
      if (flight === undefined || this.#isOutdated(miss.key, flight))
        return this.#lead(miss, this.#depart(group));
      const outcome = await flight.wait(until - Date.now());
      const answer = this.#shared(miss, outcome);
      if (answer !== undefined) return answer;
      // One that is not done by now may never be: the next one is waited for instead.
      if (outcome === "late" && this.#flights.get(group) === flight)
        return this.#lead(miss, this.#depart(group));
      // After a failure the next one leads; the others wait for that one as long as they would have for the first.
      if (outcome !== "failed" && outcome !== "kept") return this.#lead(miss, undefined);
      if (Date.now() >= until) return this.#lead(miss, undefined);
    }
  }

  /** Fetches behind an answer, unless somebody does. Never throws: what is stored stays. */
  async refresh({ asked, key, forward, entry, why }: Miss): Promise<void> {
    const group = this.#store.groupOf(key, asked);
    if (this.#flights.has(group)) return;
    const whole = readRequest({ ...unconditional(asked.request), method: "GET" }, false, asked.unseen);
    try {
      const miss: Miss = { asked: whole, key, forward, entry, why, detached: true };
      const { body } = await this.#lead(miss, this.#depart(group));
      if (body instanceof ReadableStream) for await (const _ of body as unknown as AsyncIterable<unknown>);
    } catch {
      // The next request tries again.
    }
  }

  #depart(group: string): Flight {
    const flight = new Flight(this.#store.control.clock, () => {
      if (this.#flights.get(group) === flight) this.#flights.delete(group);
    });
    this.#flights.set(group, flight);
    return flight;
  }

  /** A request that came after a purge does not get what was fetched before it. */
  #isOutdated(key: string, { born }: Flight): boolean {
    return this.#store.control.isPurged({ key, tags: [], born });
  }

  #isUncacheable(key: string): boolean {
    const until = this.#uncacheable.get(hashOf(key));
    return until !== undefined && until > Date.now();
  }

  /** What one that waited gets of what another fetched. */
  #shared(miss: Miss, outcome: Outcome | "late"): RelayedAnswer | undefined {
    const { asked, key, why } = miss;
    const now = Date.now();
    if (outcome === "stale") return standIn(miss, "; collapsed");
    if (outcome !== "kept") return undefined;
    const entry = this.#store.find(key, asked);
    if (entry === undefined || useOf(entry.stored, asked, now) !== "fresh") return undefined;
    return replyFrom(entry, asked, now, `fwd=${why}; ttl=${entry.ttl(now)}; collapsed`);
  }

  async #lead(miss: Miss, flight: Flight | undefined): Promise<RelayedAnswer> {
    try {
      return await this.#ask(miss, flight, miss.entry);
    } catch (error) {
      const answer = standIn(miss, "");
      flight?.end(answer === undefined ? "failed" : "stale");
      if (answer === undefined) throw error;
      return answer;
    }
  }

  /** @param entry what is validated; not given when that went wrong */
  async #ask(miss: Miss, flight: Flight | undefined, entry: Entry | undefined): Promise<RelayedAnswer> {
    const born = this.#store.control.clock;
    const requested = Date.now();
    const answer = await miss.forward(requestOf(miss, entry), miss.detached);
    const fetched: Fetched = { born, requested, received: Date.now() };
    if (entry !== undefined) {
      if (answer.status === 304) return this.#confirmed(miss, flight, entry, answer, fetched);
      const stale = isFailure(answer.status) ? standIn(miss, `; fwd-status=${answer.status}`) : undefined;
      if (stale !== undefined) {
        discard(answer);
        flight?.end("stale");
        return stale;
      }
    }
    return this.#received(miss, flight, answer, fetched);
  }

  /** What is stored is so still (RFC 9111 §4.3.4). */
  async #confirmed(
    miss: Miss,
    flight: Flight | undefined,
    entry: Entry,
    answer: RelayedAnswer,
    fetched: Fetched,
  ): Promise<RelayedAnswer> {
    const { asked, key, why } = miss;
    const { stored } = entry;
    discard(answer);
    const fields = merged(stored.fields, answer.fields);
    const whole = { status: stored.status, reason: stored.reason, fields, length: entry.body.length };
    const asGet: Asked = { ...asked, request: { ...asked.request, method: "GET" } };
    const isSame = concerns(answer.fields, stored.fields);
    const next = isSame ? toStored(asGet, key, whole, fetched, stored) : undefined;
    if (next === undefined) this.#store.remove(entry);
    if (!isSame) return this.#ask(miss, flight, undefined);
    const kept = next === undefined ? entry : await this.#store.renew(entry, next);
    flight?.end(next !== undefined && next.lifetime > 0 ? "kept" : "alone");
    const now = Date.now();
    const how = next === undefined ? "" : `; ttl=${kept.ttl(now)}; stored`;
    const reply = replyFrom(kept, asked, now, `fwd=${why}; fwd-status=304${how}`);
    return reply ?? this.#ask(miss, flight, undefined);
  }

  async #received(
    miss: Miss,
    flight: Flight | undefined,
    answer: RelayedAnswer,
    fetched: Fetched,
  ): Promise<RelayedAnswer> {
    const { asked, key, entry } = miss;
    const how = `fwd=${miss.why}; fwd-status=${answer.status}`;
    const fits = (answer.length ?? 0) <= this.#store.maxEntry;
    const stored = fits ? toStored(asked, key, answer, fetched, undefined) : undefined;
    if (stored !== undefined) {
      this.#uncacheable.delete(hashOf(key));
      // It is stored to be validated each time: there is nothing to wait for.
      if (stored.lifetime <= 0) flight?.end("alone");
      return this.#keep(miss, flight, answer, stored, `${how}; stored`);
    }
    if (entry !== undefined && answer.status < 500) this.#replaced(entry, asked, answer);
    if (asked.plain) this.#uncacheable.set(hashOf(key), Date.now() + uncacheableFor);
    flight?.end("alone");
    return { ...answer, fields: passedOn(answer.fields, how) };
  }

  async #keep(
    { asked }: Miss,
    flight: Flight | undefined,
    answer: RelayedAnswer,
    stored: Stored,
    how: string,
  ): Promise<RelayedAnswer> {
    const passed = { ...answer, fields: passedOn(answer.fields, how) };
    const { body, length } = answer;
    const short = body instanceof ReadableStream && length !== undefined && length <= shortBody;
    const bytes = short ? await readWhole(body, length) : (body ?? new Uint8Array(0));
    if (bytes instanceof ReadableStream)
      return { ...passed, body: this.#passOn(bytes, stored, length, flight) };
    // A private copy: the one that came may be a view of a larger buffer, or be written again.
    const added = this.#store.add(stored, short ? bytes : new Uint8Array(bytes));
    flight?.end("kept");
    const own = asked.conditional || asked.range ? replyFrom(added, asked, Date.now(), how) : undefined;
    return own ?? { ...passed, body: body === null ? null : bytes };
  }

  #passOn(
    body: ReadableStream<Uint8Array>,
    stored: Stored,
    length: number | undefined,
    flight: Flight | undefined,
  ): ReadableStream<Uint8Array> {
    const sink = this.#store.sink(stored);
    return tee(body, {
      sink,
      length,
      // Others wait for it.
      goesOn: () => (flight?.waiting ?? 0) > 0,
      ended: async (whole) => {
        if (!whole) await sink.drop();
        const kept = whole ? await sink.finish() : undefined;
        if (kept instanceof Uint8Array) this.#store.add(stored, kept);
        flight?.end(kept !== undefined ? "kept" : whole ? "alone" : "failed");
      },
    });
  }

  /** A whole answer took the place of what is stored; a HEAD says whether it would (RFC 9111 §4.3.5). */
  #replaced(entry: Entry, { request }: Asked, answer: RelayedAnswer): void {
    const length = valueOf(answer.fields, "content-length");
    const same =
      request.method === "HEAD" &&
      answer.status === entry.stored.status &&
      concerns(answer.fields, entry.stored.fields) &&
      (length === undefined || Number(length) === entry.body.length);
    if (!same) this.#store.remove(entry);
  }
}

/** What is asked of the upstream to validate `entry`, or instead of that. */
function requestOf({ asked, entry: held }: Miss, entry: Entry | undefined): RelayedRequest {
  if (entry !== undefined) return validating(asked.request, entry.stored.fields);
  return held === undefined ? asked.request : unconditional(asked.request);
}

/** What is stored, where it may be used instead of an upstream that fails. */
function standIn({ entry, asked, why }: Miss, how: string): RelayedAnswer | undefined {
  const now = Date.now();
  return entry !== undefined && standsIn(entry.stored, asked, now)
    ? replyFrom(entry, asked, now, `fwd=${why}${how}; ttl=${entry.ttl(now)}`)
    : undefined;
}

function discard({ body }: RelayedAnswer): void {
  if (body instanceof ReadableStream) body.cancel().catch(() => {});
}
