import type { Hooks } from "./mount-types.ts";
import { parseDuration } from "./units.ts";

const hookNames = [
  "beforeMount",
  "mounted",
  "beforeReload",
  "reloaded",
  "beforeUmount",
  "umounted",
  "maintain",
] as const;

/** Seconds between two calls of `maintain`. */
const usualInterval = 60;

export const acceptedInterval = "0.01 seconds to 1 day";
export const acceptedHooks = `functions ${hookNames.join(", ")}, and maintainInterval, ${acceptedInterval}`;

/** Whether a value is an object of hooks and nothing else. */
export const isHooks = (value: unknown): value is Hooks =>
  typeof value === "object" &&
  value !== null &&
  Object.entries(value).every(([name, member]) =>
    name === "maintainInterval"
      ? intervalOf({ maintainInterval: member }) !== undefined
      : (hookNames as readonly string[]).includes(name) &&
        (member === undefined || typeof member === "function"),
  );

/** Seconds between two calls of `maintain`; `undefined` when what was given is not accepted. */
export function intervalOf({
  maintainInterval = usualInterval,
}: Pick<Hooks, "maintainInterval">): number | undefined {
  const seconds = parseDuration(maintainInterval);
  return seconds !== undefined && seconds >= 0.01 && seconds <= 86_400 ? seconds : undefined;
}
