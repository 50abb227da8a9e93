import type { SmtpServer } from "./smtp-server.ts";

/** What of a mail its message does not say: RFC 5321 2.3.1. */
export interface Envelope {
  readonly id: string;
  readonly from: string;
  readonly to: readonly string[];
  /** Seconds since 1970. */
  readonly created: number;
  /** Its own server; `undefined` leaves that to the agent. */
  readonly server?: SmtpServer;
}

/** What became of some of its recipients, by address, in the server's words. */
export interface Outcome {
  readonly done: readonly string[];
  /** For good. */
  readonly failed: Readonly<Record<string, string>>;
  /** For now. */
  readonly deferred: Readonly<Record<string, string>>;
}

/** One line behind the message: what a try came to, or, when it has no outcome, that all is forgotten and begun anew. */
export interface Note {
  /** Seconds since 1970. */
  readonly at: number;
  readonly outcome?: Outcome;
}

/** What all notes come to. */
export interface Progress {
  /** Recipients that are to be tried. */
  readonly left: readonly string[];
  readonly failed: Readonly<Record<string, string>>;
  /** The words of the last time, for who is left. */
  readonly deferred: Readonly<Record<string, string>>;
}

export function progressOf({ to }: Pick<Envelope, "to">, notes: readonly Note[]): Progress {
  const done = new Set<string>();
  let failed: Record<string, string> = {};
  let deferred: Record<string, string> = {};
  for (const { outcome } of notes) {
    if (outcome === undefined) [failed, deferred] = [{}, {}];
    for (const address of outcome?.done ?? []) done.add(address);
    Object.assign(failed, outcome?.failed);
    deferred = { ...deferred, ...outcome?.deferred };
  }
  const left = to.filter((address) => !done.has(address) && failed[address] === undefined);
  return {
    left,
    failed,
    deferred: Object.fromEntries(
      left.flatMap((address) => (deferred[address] ? [[address, deferred[address]]] : [])),
    ),
  };
}
