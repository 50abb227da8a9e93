import { LockQueue } from "../state/lock-queue.ts";
import type { LockService } from "../state/lock.ts";
import { type LockMessage, type MasterMessage, tell } from "./messages.ts";

/** Of the one service that a master has. Spec H4. */
const queue = new LockQueue<object>();

/**
 * A worker asks for a lock, or gives it back.
 * @param grant tells the worker that the lock with this number of its own is the worker's
 */
export function hearLock(
  worker: object,
  { name, id, wanted }: LockMessage,
  grant: (id: number) => void,
): void {
  if (wanted) queue.ask(name, worker, id, () => grant(id));
  else queue.leave(name, worker, id);
}

/** A worker is gone: its locks are the next one's. */
export const dropLocks = (worker: object): void => queue.drop(worker);

/** A worker's way to the locks of its master: the one that knows at once when a worker is gone, and its queue is fair. */
export function masterLocks(): LockService {
  const waiting = new Map<number, () => void>();
  let last = 0;
  process.on("message", (message: MasterMessage) => {
    if (message.type !== "locked") return;
    waiting.get(message.id)?.();
    waiting.delete(message.id);
  });
  return {
    take(name, granted) {
      const id = ++last;
      waiting.set(id, granted);
      tell({ type: "lock", name, id, wanted: true });
      return () => {
        waiting.delete(id);
        // Without a master this worker is on its way out, and the locks are gone.
        if (process.connected) tell({ type: "lock", name, id, wanted: false });
      };
    },
  };
}
