import type { ScheduledWork, ScheduleOptions } from "../config/schedule-options.ts";
import { declaration } from "./declaration.ts";

export type { ScheduledRun, ScheduledWork, ScheduleOptions } from "../config/schedule-options.ts";

/**
 * Runs something at the times of a cron line, once in the whole service: in one worker, and the one before must be over. A
 * worker that stops finishes it; the run of a worker that dies is not repeated, the next one comes in another worker. Times while
 * the service was down are not made up. What `job` returned runs in a thread. Spec U5.
 * ```ts
 * skitai.sched("0,30 * * * *", () => was.db("@shop").execute("delete from carts where expires < now()"));
 * skitai.sched("0 3 * * MON-FRI", report, { timezone: "Europe/Berlin" });
 * ```
 */
export const sched = (cron: string, work: ScheduledWork, options?: ScheduleOptions): void =>
  declaration.sched(cron, work, options);
