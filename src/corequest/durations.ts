import type { Duration } from "../config/settings.ts";
import { parseDuration } from "../config/units.ts";
import { SkitaiError } from "../errors.ts";

/** @param name of the option, for the error. @throws SkitaiError OPTION_INVALID, also for what has no end */
export function seconds(duration: Duration, name = "timeout or cache"): number {
  const parsed = parseDuration(duration);
  if (parsed === undefined || !(parsed >= 0) || parsed === Number.POSITIVE_INFINITY)
    throw new SkitaiError("OPTION_INVALID", {
      name,
      value: duration,
      accepted: 'seconds, or text like "30s"',
    });
  return parsed;
}

/** The same, for an option that need not be given. */
export const secondsOf = (duration: Duration | undefined, name?: string): number | undefined =>
  duration === undefined ? undefined : seconds(duration, name);

/** Milliseconds that a timer can wait; one for more would end at once. */
export const longestTimer = 2 ** 31 - 1;
