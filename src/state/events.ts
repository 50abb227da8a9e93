import type { Bus } from "./bus.ts";

export type EventHandler = (...args: readonly never[]) => unknown;
type Handlers = Map<string, Set<EventHandler>>;

/** Topic of events for all apps of all workers. */
const topic = "event";

/**
 * Events of one app, and those that are for all. A handler that throws is logged and harms nobody. Spec H3.
 * ```ts
 * const events = skitai.events();
 * events.on("sold", (id: number) => …);            // events.emit("sold", 7) of this app
 * events.onBroadcast("model-changed:pets", () => …); // was.broadcast and was.broadcastAll of any app, was.setlu("pets")
 * ```
 */
export class Events {
  readonly #hub: EventHub;
  readonly #own: Handlers = new Map();

  /** For the hub: `hub.events()`. */
  constructor(hub: EventHub) {
    this.#hub = hub;
  }

  /** @returns ends it */
  on(name: string, handler: EventHandler): () => void {
    return add(this.#own, name, handler);
  }

  /** Told of the next one only. */
  once(name: string, handler: EventHandler): () => void {
    const end = this.on(name, (...args: readonly never[]) => {
      end();
      return handler(...args);
    });
    return end;
  }

  /** To handlers of this app, before it returns. */
  emit(name: string, ...args: readonly unknown[]): void {
    this.#hub.call(this.#own.get(name), args);
  }

  /** Told of what any app broadcasts. @returns ends it */
  onBroadcast(name: string, handler: EventHandler): () => void {
    return this.#hub.onBroadcast(name, handler);
  }
}

/** The events of a process. */
export class EventHub {
  readonly #broadcasts: Handlers = new Map();
  readonly #bus: Bus;
  readonly #failed: (error: unknown) => void;

  constructor(bus: Bus, failed: (error: unknown) => void) {
    this.#bus = bus;
    this.#failed = failed;
    bus.subscribe(topic, (_from, name, ...args) => this.broadcast(name as string, ...args));
  }

  events(): Events {
    return new Events(this);
  }

  onBroadcast(name: string, handler: EventHandler): () => void {
    return add(this.#broadcasts, name, handler);
  }

  /** To all apps of this worker, before it returns. */
  broadcast(name: string, ...args: readonly unknown[]): void {
    this.call(this.#broadcasts.get(name), args);
  }

  /**
   * To all apps of all workers; here before it returns, in the others soon after.
   * @throws SkitaiError EVENT_INVALID for what JSON cannot say, or not in 1 MiB
   */
  broadcastAll(name: string, ...args: readonly unknown[]): void {
    this.#bus.publish(topic, name, ...args);
  }

  call(handlers: ReadonlySet<EventHandler> | undefined, args: readonly unknown[]): void {
    if (handlers === undefined) return;
    for (const handler of [...handlers]) {
      try {
        const outcome = handler(...(args as readonly never[]));
        if (outcome instanceof Promise) outcome.catch(this.#failed);
      } catch (error) {
        this.#failed(error);
      }
    }
  }
}

function add(handlers: Handlers, name: string, handler: EventHandler): () => void {
  const all = handlers.get(name) ?? new Set();
  handlers.set(name, all.add(handler));
  return () => void all.delete(handler);
}
