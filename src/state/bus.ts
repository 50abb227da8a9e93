import { SkitaiError } from "../errors.ts";

/** Told of a message: who sent it, and what was sent. */
export type Subscriber = (from: string, ...args: readonly unknown[]) => void;

/** Carries messages, as JSON lists of topic and arguments, to all other workers, in their order. */
export type Transport = (messages: readonly string[]) => void;

/** Longest message, characters of JSON. */
const longest = 1024 * 1024;
/** Messages that go at once. */
const most = 1000;

/**
 * Messages by topic between the workers of a service. Each living worker gets each once, in the order of its sender; a worker
 * that starts gets those from then on. Without a service there is this process alone. Spec H3.
 */
export class Bus {
  /** What other workers know this one by; never used again. */
  readonly self: string;
  readonly #subscribers = new Map<string, Set<Subscriber>>();
  readonly #gone = new Set<(worker: string) => void>();
  readonly #failed: (error: unknown) => void;
  readonly #met = new Set<(worker: string) => void>();
  readonly #transports: Transport[] = [];
  #waiting: string[] = [];

  /** @param failed told of errors of subscribers: they harm nobody */
  constructor(self: string, failed: (error: unknown) => void) {
    this.self = self;
    this.#failed = failed;
  }

  /** Adds a way to other workers: to those of this service, in cluster mode one to those of other machines beside it. */
  connect(transport: Transport): void {
    this.#transports.push(transport);
  }

  /** @returns ends it */
  subscribe(topic: string, subscriber: Subscriber): () => void {
    const all = this.#subscribers.get(topic) ?? new Set();
    this.#subscribers.set(topic, all.add(subscriber));
    return () => void all.delete(subscriber);
  }

  /** @returns ends it; told of workers that have ended, by kill -9 too */
  onGone(listener: (worker: string) => void): () => void {
    this.#gone.add(listener);
    return () => void this.#gone.delete(listener);
  }

  /**
   * To subscribers here, before it returns, and in all other workers.
   * @throws SkitaiError EVENT_INVALID for what JSON cannot say, or not in 1 MiB
   */
  publish(topic: string, ...args: readonly unknown[]): void {
    this.send(topic, ...args);
    this.#tell(this.self, topic, args);
  }

  /** The same without the subscribers here. */
  send(topic: string, ...args: readonly unknown[]): void {
    if (this.#transports.length === 0) return;
    this.#waiting.push(encoded(topic, args));
    if (this.#waiting.length === 1) setImmediate(() => this.#flush());
    else if (this.#waiting.length === most) this.#flush();
  }

  /** Messages of another worker. */
  deliver(from: string, messages: readonly string[]): void {
    for (const message of messages) {
      const [topic, ...args] = JSON.parse(message) as [string, ...unknown[]];
      this.#tell(from, topic, args);
    }
  }

  /** Another worker has ended. */
  lost(worker: string): void {
    for (const listener of this.#gone) this.#guarded(() => listener(worker));
  }

  /** @returns ends it; told of workers of other machines that know nothing of this one, or not all, as after an outage */
  onMet(listener: (worker: string) => void): () => void {
    this.#met.add(listener);
    return () => void this.#met.delete(listener);
  }

  /** A worker of another machine is there, and shall learn of this one what it missed. */
  met(worker: string): void {
    for (const listener of this.#met) this.#guarded(() => listener(worker));
  }

  #tell(from: string, topic: string, args: readonly unknown[]): void {
    const subscribers = this.#subscribers.get(topic);
    if (subscribers === undefined) return;
    for (const subscriber of [...subscribers]) this.#guarded(() => subscriber(from, ...args));
  }

  #guarded(act: () => unknown): void {
    try {
      const outcome = act();
      if (outcome instanceof Promise) outcome.catch(this.#failed);
    } catch (error) {
      this.#failed(error);
    }
  }

  #flush(): void {
    const messages = this.#waiting;
    this.#waiting = [];
    if (messages.length === 0) return;
    for (const transport of this.#transports) transport(messages);
  }
}

function encoded(topic: string, args: readonly unknown[]): string {
  let text: string;
  try {
    text = JSON.stringify([topic, ...args]);
  } catch (cause) {
    throw new SkitaiError("EVENT_INVALID", { name: topic, accepted: "what JSON can say", cause });
  }
  if (text.length > longest)
    throw new SkitaiError("EVENT_INVALID", {
      name: topic,
      value: text.length,
      accepted: `${longest} characters of JSON`,
    });
  return text;
}
