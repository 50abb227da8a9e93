import { ReuseportListener } from "../system/reuseport.ts";
import { type MasterMessage, tell } from "./messages.ts";
import { whenQuiet } from "./reload-quiet.ts";

/** Resolves when the master lets this worker bind: it has to know the order in which workers do. Spec W4. */
export function askToBind(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const listen = ({ type }: MasterMessage): void => {
    if (type !== "bind") return;
    process.off("message", listen);
    resolve();
  };
  process.on("message", listen);
  tell({ type: "opened" });
  return promise;
}

/** A worker's part in its master's changes of the SO_REUSEPORT groups, one for each port. Spec W4. */
export class GroupMember {
  readonly #ports: readonly number[];
  readonly #listeners: readonly ReuseportListener[];

  /** @param ports that this process has just bound */
  constructor(ports: readonly number[]) {
    this.#ports = ports;
    this.#listeners = ports.flatMap((port) => ReuseportListener.find(port) ?? []);
  }

  /** @param size 0 to steer no more */
  steer(size: number, closing: readonly number[]): void {
    const done = this.#listeners.map((each) => (size === 0 ? each.release() : each.steer(size, closing)));
    tell({ type: "steered", done: done.every(Boolean) });
  }

  async drain(): Promise<void> {
    await whenQuiet(this.#listeners, this.#ports);
    tell({ type: "quiet" });
  }
}
