import { fromTraceparent } from "./traceparent.ts";

/** Ids of one request in its transaction. Spec L4. */
export interface Transaction {
  readonly gtxnid: string;
  readonly ltxnid: number;
}

/** What the first request of a transaction gets; each hop adds 1000, each call 1. */
export const firstLocalId = 1000;

/**
 * What the global ids of one process start with: `GTID-C<origin>-R`, a number of its own for each request follows. The
 * origin is 48 random bits, so that workers, restarts and machines do not collide as the original's did.
 */
export function transactionPrefix(): string {
  const [high, low] = crypto.getRandomValues(new Uint32Array(2));
  return `GTID-C${(high! & 0xffff) * 2 ** 32 + low!}-R`;
}

const wellFormed = /^[\w.:-]{1,80}$/;

/**
 * The transaction that a trusted peer's headers continue: `X-Gtxn-Id` and `X-Ltxn-Id`, else W3C `traceparent`.
 * Malformed ids are as good as none. A peer that sends local id 1001 makes this request 2001.
 */
export function continued(headers: Headers): Transaction | undefined {
  const gtxnid = headers.get("x-gtxn-id");
  if (gtxnid !== null && wellFormed.test(gtxnid))
    return { gtxnid, ltxnid: nextHop(headers.get("x-ltxn-id")) };
  const traceparent = headers.get("traceparent");
  const mapped = traceparent === null ? undefined : fromTraceparent(traceparent);
  return mapped === undefined ? undefined : { gtxnid: mapped, ltxnid: firstLocalId };
}

function nextHop(ltxnid: string | null): number {
  return ltxnid !== null && /^\d{1,9}$/.test(ltxnid) ? Number(ltxnid) + firstLocalId : firstLocalId;
}
