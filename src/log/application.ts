import { findContext } from "../context.ts";
import type { Sink } from "./sink.ts";
import { stamp } from "./stamp.ts";

/** Told of every error that is logged. */
let heard: ((error: unknown) => void) | undefined;

export function onTraceback(listener: (error: unknown) => void): void {
  heard = listener;
}

/** Lines of the application and of the engine: `YYYY.MM.DD HH:MM:SS [type:gtxn/ltxn] text`. Spec L5. */
export class ApplicationLog {
  readonly #sink: Sink;

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  /**
   * @param type a word like `info`, `warn`, `debug`; others are folded to one word.
   * The ids are those of the request being handled, if there is one. Text of several lines stays one entry: its
   * further lines are indented, so that no client text can forge an entry.
   */
  log(text: string, type = "info"): void {
    const context = findContext();
    const ids = context ? `:${context.gtxnid}/${context.ltxnid}` : "";
    this.#sink.write(`${stamp(Date.now())} [${type.replace(/[^\w.-]+/g, "_")}${ids}] ${indented(text)}\n`);
  }

  /** An error with its stack and causes, as `[expt:gtxn/ltxn]`. */
  traceback(error: unknown): void {
    this.log(explained(error), "expt");
    heard?.(error);
  }

  flush(): void {
    this.#sink.flush();
  }
}

const indented = (text: string): string =>
  text
    .replace(/\s*$/, "")
    .replace(/\r\n?|[\n\u2028\u2029]/g, "\n  ")
    .replace(/[\x00-\x08\x0b-\x1f\x7f]/g, "?");

/** Stack of an error and of what caused it, at most five deep. */
export function explained(error: unknown, depth = 5): string {
  if (!(error instanceof Error)) return Bun.inspect(error, { depth: 2 }).slice(0, 4000);
  const own = error.stack?.includes(error.message)
    ? error.stack
    : `${error.name}: ${error.message}\n${error.stack ?? ""}`;
  return error.cause === undefined || depth === 0
    ? own
    : `${own}\ncaused by ${explained(error.cause, depth - 1)}`;
}
