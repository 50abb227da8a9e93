import { findContext } from "../context.ts";
import { Ring } from "./ring.ts";

/** An error that was logged. */
export interface ErrorRecord {
  /** ms since the epoch. */
  readonly time: number;
  /** Of the request being handled, if one was. */
  readonly gtxnid?: string;
  readonly ltxnid?: number;
  /** Its first line. */
  readonly text: string;
}

/** A request that was answered with 5xx: fields of the request log, without the query. */
export interface FailedRequest {
  readonly time: number;
  readonly gtxnid: string;
  readonly ltxnid: number;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly bytes: number;
  /** ms */
  readonly handling: number;
  readonly transfer: number;
}

export const keptFailures = 100;
const longestText = 300;
const longestPath = 200;

/** What went wrong last in this process. In a storm of errors the oldest are forgotten. Spec U1. */
export class Failures {
  /** Errors since the start. */
  count = 0;
  readonly #errors = new Ring<ErrorRecord>(keptFailures);
  readonly #requests = new Ring<FailedRequest>(keptFailures);

  error(error: unknown): void {
    this.count++;
    const context = findContext();
    const ids = context && { gtxnid: context.gtxnid, ltxnid: context.ltxnid };
    this.#errors.push({ time: Date.now(), ...ids, text: firstLine(error) });
  }

  request(request: FailedRequest): void {
    this.#requests.push({ ...request, path: request.path.slice(0, longestPath) });
  }

  /** What is new since it was asked for last. */
  take(): { readonly errors: readonly ErrorRecord[]; readonly requests: readonly FailedRequest[] } {
    return { errors: this.#errors.take(), requests: this.#requests.take() };
  }
}

/** Passwords in URLs are nobody's. */
function firstLine(error: unknown): string {
  const said = error instanceof Error ? `${error.name}: ${error.message}` : String(Bun.inspect(error));
  const line = said.slice(0, 4 * longestText).split(/[\r\n]/, 1)[0]!;
  return line.replace(/(\w:\/\/)[^\s/@]+@/g, "$1***@").slice(0, longestText);
}

/** The one of this process. */
export const failures = new Failures();
