import type { Steering } from "./sql-driver.ts";
import { isBusy } from "./sqlite-error.ts";

/** Milliseconds between two tries while another process writes: a random part of it. */
const pause = 20;

/** Tries again while others write, until the task is over. */
export async function patiently<Value>(
  work: () => Value | Promise<Value>,
  control: Pick<Steering, "left"> & Partial<Pick<Steering, "reason">>,
): Promise<Value> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!isBusy(error) || control.reason !== undefined || control.left <= 1) throw error;
    }
    await Bun.sleep(1 + Math.random() * pause);
  }
}
