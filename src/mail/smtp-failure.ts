import type { Outcome } from "./envelope.ts";

/** What nodemailer says of a failure. */
export interface SmtpFailure extends Error {
  readonly code?: string;
  /** Of RFC 5321 4.2, when the server said anything. */
  readonly responseCode?: number;
  readonly response?: string;
  readonly recipient?: string;
  readonly rejectedErrors?: readonly SmtpFailure[];
}

/** One line of at most 300 characters: it goes into a file and to an operator's terminal. */
export const wordsOf = ({ response, message }: SmtpFailure): string =>
  (response || message)
    .replace(/[\x00-\x20\x7f]+/g, " ")
    .trim()
    .slice(0, 300);

/** The server, or the way to it, failed: nothing is said about this mail. Greeting, TLS and AUTH are among them, whatever their code. */
export function isServerFailure({ code, responseCode }: SmtpFailure): boolean {
  return responseCode === 421 || !(code === "EENVELOPE" || code === "EMESSAGE" || code === "ESTREAM");
}

/** What a try that failed means for each of its recipients. RFC 5321 4.2.1: 5yz is for good, all else for now. */
export function outcomeOf(failure: SmtpFailure, to: readonly string[]): Outcome {
  if (isServerFailure(failure)) return everyone(to, "deferred", wordsOf(failure));
  if (failure.rejectedErrors && failure.rejectedErrors.length > 0 && failure.responseCode !== undefined)
    return rejected(failure.rejectedErrors, to);
  // Too large for the server, or an address it could not even be asked: no words of the server, and no hope.
  const forGood = failure.code !== "ESTREAM" && (failure.responseCode ?? 500) >= 500;
  return everyone(to, forGood ? "failed" : "deferred", wordsOf(failure));
}

/** @param to those who were asked for; who is not among the errors was taken */
export function rejected(errors: readonly SmtpFailure[], to: readonly string[]): Outcome {
  const failed: Record<string, string> = {};
  const deferred: Record<string, string> = {};
  for (const error of errors)
    (error.responseCode !== undefined && error.responseCode >= 500 ? failed : deferred)[
      error.recipient ?? ""
    ] = wordsOf(error);
  return { done: to.filter((address) => !(address in failed) && !(address in deferred)), failed, deferred };
}

export function everyone(to: readonly string[], kind: "failed" | "deferred", words: string): Outcome {
  const none = { done: [], failed: {}, deferred: {} };
  return { ...none, [kind]: Object.fromEntries(to.map((address) => [address, words])) };
}
