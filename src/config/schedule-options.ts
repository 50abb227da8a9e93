import { SkitaiError } from "../errors.ts";

/** What a scheduled function is told. */
export interface ScheduledRun {
  readonly name: string;
  /** The minute it is for. */
  readonly time: Date;
}

/** A function, or what `job` returned: that runs in a thread. */
export type ScheduledWork = (run: ScheduledRun) => unknown;

export interface ScheduleOptions {
  /** IANA name like `"Europe/Berlin"`. Default: the one of the machine. */
  timezone?: string;
  /** A run may begin while the one before it goes on. Default false. */
  overlap?: boolean;
  /** For logs and the status page. Default: that of the function, else the times. */
  name?: string;
}

/** When something runs; plain data that a worker tells its master. */
export interface Schedule {
  readonly name: string;
  readonly cron: string;
  readonly timezone: string | undefined;
  readonly overlap: boolean;
}

export interface ScheduleDeclaration extends Schedule {
  readonly work: ScheduledWork;
}

const known = new Set(["timezone", "overlap", "name"]);
const longest = 100;
/** More than this many are a mistake. */
export const mostSchedules = 500;

/**
 * @param taken names of the others
 * @throws SkitaiError OPTION_INVALID
 */
export function scheduleDeclaration(
  cron: string,
  work: ScheduledWork,
  options: ScheduleOptions,
  taken: ReadonlySet<string>,
): ScheduleDeclaration {
  const call = `sched(${JSON.stringify(cron) ?? cron})`;
  if (typeof work !== "function") throw refused(call, work, "a function, or what job() returned");
  const unknown = Object.keys(options).find((key) => !known.has(key));
  if (unknown !== undefined) throw refused(call, unknown, "timezone, overlap or name");
  const { timezone, overlap = false, name = work.name || cron } = options;
  if (typeof overlap !== "boolean") throw refused(`overlap of ${call}`, overlap, "true or false");
  checkTimes(call, cron, timezone);
  if (typeof name !== "string" || name === "" || name.length > longest || /\p{Cc}/u.test(name))
    throw refused(`name of ${call}`, name, `text of 1 to ${longest} characters`);
  if (taken.has(name)) throw refused(`name of ${call}`, name, "one that no other sched() has");
  if (taken.size >= mostSchedules) throw refused(call, cron, `at most ${mostSchedules} in all`);
  return Object.freeze({ name, cron, timezone, overlap, work });
}

function checkTimes(call: string, cron: unknown, timezone: unknown): void {
  const accepted = 'five fields like "*/5 9-17 * * MON-FRI", or @hourly, @daily, @weekly, @monthly, @yearly';
  if (typeof cron !== "string") throw refused("sched", cron, accepted);
  if (timezone !== undefined && (typeof timezone !== "string" || !isZone(timezone)))
    throw refused(`timezone of ${call}`, timezone, 'an IANA name like "Europe/Berlin"');
  let next: Date | null;
  try {
    next = Bun.cron.parse(cron);
  } catch {
    throw refused("sched", cron, accepted);
  }
  if (next === null) throw refused("sched", cron, "times that come within eight years");
}

function isZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

const refused = (name: string, value: unknown, accepted: string): SkitaiError =>
  new SkitaiError("OPTION_INVALID", { name, value, accepted });
