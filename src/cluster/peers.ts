import type { Bus } from "../state/bus.ts";
import type { Mirror } from "../state/mirror.ts";
import { type Letter, read, written } from "./letter.ts";
import type { Link } from "./link.ts";

const channel = "bus";

interface Peer {
  /** Of its last letter. */
  number: number;
  heard: number;
}

/**
 * The bus beyond this machine: what this worker says goes to the workers of other machines too, and theirs comes here. Each worker
 * keeps a list of those that it hears of. One that says nothing for the time to live is gone; where a letter is missing, both start
 * anew: what they knew of each other is forgotten, and they introduce themselves again.
 */
export class Peers {
  readonly #link: Link;
  readonly #bus: Bus;
  readonly #mirror: Mirror;
  readonly #machine: string;
  readonly #ttl: number;
  readonly #peers = new Map<string, Peer>();
  /** Workers that have ended, and when: a last letter of theirs may come after the news. */
  readonly #ended = new Map<string, number>();
  readonly #timer: Timer;
  #number = 0;
  #dropping: string | undefined;

  /** @param ttl ms */
  constructor(link: Link, bus: Bus, { mirror, ttl }: { mirror: Mirror; ttl: number }) {
    this.#link = link;
    this.#bus = bus;
    this.#mirror = mirror;
    this.#machine = mirror.machine();
    this.#ttl = ttl;
    bus.connect((messages) => this.#say("messages", messages));
    bus.onGone((worker) => {
      if (worker !== this.#dropping) this.#say("gone", [worker]);
    });
    link.listen(channel, (text) => this.#hear(read(text)));
    link.onUp(() => this.#say("hello", []));
    this.#timer = setInterval(() => this.#beat(), ttl / 5);
    this.#timer.unref();
  }

  /** Tells the others at once that these names changed, before their events do. */
  changed(keys: readonly string[]): void {
    this.#say("changed", keys);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#say("gone", [this.#bus.self]);
  }

  #say(kind: Letter["kind"], lines: readonly string[]): void {
    const letter = { machine: this.#machine, worker: this.#bus.self, number: ++this.#number, kind, lines };
    if (kind === "beat") this.#link.probe(channel, written(letter));
    else this.#link.publish(channel, written(letter));
  }

  #hear(letter: Letter): void {
    const { machine, worker, number, kind, lines } = letter;
    if (machine === this.#machine || this.#ended.has(worker)) return;
    if (kind === "gone") this.#ends(lines[0]!);
    if (this.#ended.has(worker)) return;
    const isWelcome = kind === "welcome" && lines[0] === this.#bus.self;
    const known = this.#peers.get(worker);
    const isNext = known?.number === number - 1;
    this.#peers.set(worker, { number, heard: Date.now() });
    if (!isNext || kind === "hello" || isWelcome) this.#meet(worker, !isWelcome, known !== undefined);
    if (kind === "messages") this.#bus.deliver(worker, lines);
    else if (kind === "changed") for (const key of lines) this.#mirror.touch(key);
  }

  /** The news that were missed are not told: all is. */
  #meet(worker: string, answers: boolean, isKnown: boolean): void {
    if (isKnown) this.#forget(worker);
    if (answers) this.#say("welcome", [worker]);
    this.#bus.met(worker);
  }

  #ends(worker: string): void {
    this.#ended.set(worker, Date.now());
    if (this.#peers.delete(worker)) this.#forget(worker);
  }

  #forget(worker: string): void {
    this.#dropping = worker;
    this.#bus.lost(worker);
    this.#dropping = undefined;
  }

  #beat(): void {
    this.#say("beat", []);
    this.#link.check();
    const now = Date.now();
    for (const [worker, { heard }] of this.#peers) {
      if (now - heard <= this.#ttl) continue;
      this.#peers.delete(worker);
      this.#forget(worker);
    }
    for (const [worker, ended] of this.#ended) if (now - ended > 6 * this.#ttl) this.#ended.delete(worker);
  }
}
