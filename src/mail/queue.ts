import { SkitaiError } from "../errors.ts";
import { type Entry, entryOf } from "./entry-name.ts";
import { type Claimed, findSpools, type Part, type Spool } from "./spool.ts";

/** A mail as an operator sees it. */
export interface QueuedMail {
  readonly id: string;
  readonly state: "queued" | "sending" | "undelivered";
  readonly from: string;
  /** Recipients that have not got it. */
  readonly to: readonly string[];
  readonly tries: number;
  /** Seconds since 1970: the next try, or when it was given up. */
  readonly at: number;
  /** Bytes. */
  readonly size: number;
  /** The last words of a server, by recipient. */
  readonly words: Readonly<Record<string, string>>;
}

/** Queued and undelivered mails, in no order. */
export function* queuedMails(): Generator<QueuedMail> {
  for (const { spool, part, entry } of entries()) {
    const seen = peeked(spool, part, entry);
    if (seen === undefined) continue;
    const { envelope, progress, size } = seen.file;
    seen.file.close();
    yield {
      id: entry.id,
      state: part === "undelivered" ? "undelivered" : seen.taken ? "sending" : "queued",
      from: envelope.from,
      to: [...progress.left, ...Object.keys(progress.failed)],
      tries: entry.tries,
      at: entry.due,
      size,
      words: { ...progress.deferred, ...progress.failed },
    };
  }
}

/** How many there are; reads names only. */
export function countMails(): { queued: number; undelivered: number } {
  const counts = { queued: 0, undelivered: 0 };
  for (const { part } of entries()) counts[part === "queue" ? "queued" : "undelivered"] += 1;
  return counts;
}

/** Has these tried now, with all their tries anew; `undefined` means all. @returns how many */
export function retryMails(id: string | undefined): number {
  const now = Math.floor(Date.now() / 1000);
  return each(id, (spool, part, claimed) => {
    // Who was refused for good is asked again.
    if (part === "undelivered") claimed.file.note({ at: now });
    spool.move(part, claimed, { due: now, tries: 0 }, "queue");
  });
}

/** Deletes these. @returns how many */
export const dropMails = (id: string | undefined): number =>
  each(id, (spool, part, claimed) => spool.remove(part, claimed));

function each(id: string | undefined, act: (spool: Spool, part: Part, claimed: Claimed) => void): number {
  let count = 0;
  let busy = 0;
  // A list first: a directory that is changed while it is read may show a file twice.
  for (const { spool, part, entry } of [...entries()]) {
    if (id !== undefined && entry.id !== id) continue;
    const claimed = spool.claim(part, entry);
    if (claimed === "taken") busy += 1;
    else if (claimed !== undefined) {
      act(spool, part, claimed);
      count += 1;
    }
  }
  if (id !== undefined && count === 0)
    throw new SkitaiError("MAIL_INVALID", {
      name: `mail ${id}`,
      accepted: busy > 0 ? "is being sent just now" : "is not in the queue",
    });
  return count;
}

/** What is no mail is not shown. */
function peeked(spool: Spool, part: Part, entry: Entry): ReturnType<Spool["peek"]> {
  try {
    return spool.peek(part, entry);
  } catch {
    return undefined;
  }
}

function* entries(): Generator<{ spool: Spool; part: Part; entry: Entry }> {
  for (const spool of findSpools())
    for (const part of ["queue", "undelivered"] as const) {
      using names = spool.names(part);
      for (const name of names) {
        const entry = entryOf(name);
        if (entry !== undefined) yield { spool, part, entry };
      }
    }
}
