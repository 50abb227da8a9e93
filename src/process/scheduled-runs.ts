import type { ScheduleDeclaration } from "../config/schedule-options.ts";
import { SkitaiError } from "../errors.ts";
import { findJob } from "../jobs/job.ts";
import { threadPool } from "../jobs/pools.ts";
import { processLogs } from "../log/logs.ts";
import { inBackground } from "../system/background.ts";
import { type MasterMessage, tell } from "./messages.ts";

/** Runs in this worker what its master says, and says when it is over. A stop waits for it. Spec U5. */
export function watchSchedules(schedules: readonly ScheduleDeclaration[]): void {
  if (schedules.length === 0) return;
  const byName = new Map(schedules.map((each) => [each.name, each]));
  process.on("message", (message: MasterMessage) => {
    if (message.type !== "run") return;
    const { run, name, time } = message;
    const over = (error?: string): void => {
      if (process.connected) tell({ type: "ran", run, ...(error === undefined ? {} : { error }) });
    };
    const failed = (error: unknown): void => {
      processLogs().app.traceback(error);
      over(String(error).split("\n", 1)[0]!);
    };
    const work = perform(byName.get(name), name, new Date(time)).then(() => over());
    inBackground(work, failed);
  });
  tell({
    type: "schedules",
    schedules: schedules.map(({ name, cron, timezone, overlap }) => ({ name, cron, timezone, overlap })),
  });
}

async function perform(
  schedule: ScheduleDeclaration | undefined,
  name: string,
  time: Date,
): Promise<unknown> {
  if (schedule === undefined)
    throw new SkitaiError("JOB_INVALID", { name: `scheduled "${name}"`, accepted: "is not known here" });
  const { work } = schedule;
  const job = findJob(work.name);
  return job !== undefined && (job as unknown) === work
    ? (await threadPool()).run(job, [{ name, time }] as never)
    : work({ name, time });
}
