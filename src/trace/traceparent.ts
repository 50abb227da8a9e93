/**
 * W3C Trace Context (version 00): `00-<trace-id 32 hex>-<parent-id 16 hex>-<flags 2 hex>`.
 * A trace id from outside becomes `GTID-T<trace id>` and goes out as the same trace again; our own ids go out as a
 * trace id derived from them, the same on every hop.
 */
const pattern = /^00-(?!0{32})([\da-f]{32})-(?!0{16})[\da-f]{16}-[\da-f]{2}(-|$)/;
const carried = /^GTID-T([\da-f]{32})$/;

/** 16 hex digits that nobody can read back; never all zeros. */
const digest = (text: string, seed: bigint): string =>
  (Bun.hash.xxHash64(text, seed) || 1n).toString(16).padStart(16, "0");

/** The global id for a `traceparent` header; `undefined` when it is malformed. */
export function fromTraceparent(header: string): string | undefined {
  const trace = pattern.exec(header)?.[1];
  return trace && `GTID-T${trace}`;
}

/** The `traceparent` header that carries a transaction on: same trace for the same global id, own span for each local id. */
export function toTraceparent(gtxnid: string, ltxnid: number): string {
  const trace = carried.exec(gtxnid)?.[1] ?? traceOf(gtxnid);
  return `00-${trace}-${digest(`${gtxnid}/${ltxnid}`, 2n)}-01`;
}

const traceOf = (gtxnid: string): string => digest(gtxnid, 0n) + digest(gtxnid, 1n);
