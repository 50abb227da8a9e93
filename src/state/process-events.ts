import { Bus } from "./bus.ts";
import { EventHub } from "./events.ts";
import { processWords } from "./process.ts";

let told: (error: unknown) => void = (error) => console.error(error);
const failed = (error: unknown): void => told(error);

/** The bus and the events of this process; alone until a worker connects them. */
export const bus = new Bus(`${process.pid}-${Bun.randomUUIDv7().slice(-12)}`, failed);
export const hub = new EventHub(bus, failed);

/** @param log told of errors of handlers */
export function watchEvents(log: (error: unknown) => void): void {
  told = log;
  // What changed on one worker is told on all: `setlu("pets")` as `model-changed:pets`.
  processWords().onChange((name, ...details) => hub.broadcastAll(`model-changed:${name}`, ...details));
}
