import vm from "node:vm";

type Matcher = (this: unknown, ...values: unknown[]) => unknown;

/**
 * Calls the matcher and reports before it passes its error on. As text under a `node:` name, because Bun takes the
 * code frame of a failure from the first frame that is not internal, and that has to stay the line of the test.
 */
const WRAP = `(function (matcher, report) {
  return function wrapped(...values) {
    try {
      return matcher.apply(this, values);
    } catch (error) {
      report();
      Error.captureStackTrace(error, wrapped);
      throw error;
    }
  };
})`;

const watchers = new Set<() => void>();
let restore: (() => void) | undefined;

/**
 * Calls `report` whenever an `expect()` matcher of `bun:test` fails, until the returned function is called.
 * Bun tells hooks nothing about the outcome of a test, so the matchers themselves are wrapped, and only while
 * somebody watches. A test that fails otherwise (a TypeError, a timeout) is not seen.
 */
export async function onFailedExpect(report: () => void): Promise<() => void> {
  const { expect } = await import("bun:test");
  watchers.add(report);
  restore ??= wrapMatchers(Object.getPrototypeOf(expect(0)) as Record<string, unknown>);
  return () => unwatch(report);
}

function unwatch(report: () => void): void {
  watchers.delete(report);
  if (watchers.size > 0) return;
  restore?.();
  restore = undefined;
}

function wrapMatchers(prototype: Record<string, unknown>): () => void {
  const wrap = vm.runInThisContext(WRAP, { filename: "node:skitai/testing" }) as (
    matcher: Matcher,
    report: () => void,
  ) => Matcher;
  const originals = new Map(matchersOf(prototype));
  for (const [name, matcher] of originals) prototype[name] = wrap(matcher, reportAll);
  return () => {
    for (const [name, matcher] of originals) prototype[name] = matcher;
  };
}

/** All but the snapshot matchers: an inline snapshot is written at the place of its caller. */
function matchersOf(prototype: Record<string, unknown>): [string, Matcher][] {
  return Object.entries(Object.getOwnPropertyDescriptors(prototype))
    .filter(
      ([name, { writable, value }]) =>
        writable === true && typeof value === "function" && !name.includes("Snapshot"),
    )
    .map(([name, { value }]) => [name, value as Matcher]);
}

function reportAll(): void {
  for (const report of watchers) report();
}
