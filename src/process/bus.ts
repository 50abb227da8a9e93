import type { Bus } from "../state/bus.ts";
import { type MasterMessage, tell } from "./messages.ts";

/** Of the one service that a master has: workers that listen, by what they call themselves. */
const listening = new Map<object, { name: string; send: (message: MasterMessage) => void }>();

/** A worker listens from now on. */
export function joinBus(worker: object, name: string, send: (message: MasterMessage) => void): void {
  listening.set(worker, { name, send });
}

/** What one worker says, for all others. */
export function relayEvents(worker: object, messages: readonly string[]): void {
  const from = listening.get(worker)?.name;
  if (from === undefined) return;
  for (const [other, { send }] of listening) if (other !== worker) send({ type: "events", from, messages });
}

/** A worker is gone. */
export function leaveBus(worker: object): void {
  const left = listening.get(worker);
  listening.delete(worker);
  if (left !== undefined)
    for (const { send } of listening.values()) send({ type: "gone", worker: left.name });
}

/** Connects a worker with the others, by way of its master: the one that knows at once who is gone. Spec H3. */
export function connectBus(bus: Bus): void {
  process.on("message", (message: MasterMessage) => {
    if (message.type === "events") bus.deliver(message.from, message.messages);
    else if (message.type === "gone") bus.lost(message.worker);
  });
  // Without a master this worker is on its way out.
  bus.connect((messages) => void (process.connected && tell({ type: "events", messages })));
  tell({ type: "listens", name: bus.self });
}
