/** Header fields in their order, as they were written; several of one name stay several. */
export type Fields = readonly (readonly [name: string, value: string])[];

/** What an upstream is asked: as the client asked it, hop-by-hop fields taken off. */
export interface RelayedRequest {
  readonly method: string;
  /** Scheme, host, path and query: what a cache calls it by. */
  readonly url: string;
  readonly fields: Fields;
}

/** An answer on its way through, from an upstream or a cache. */
export interface RelayedAnswer {
  readonly status: number;
  readonly reason: string;
  readonly fields: Fields;
  /** Whole, or as it comes; `null` for none. */
  readonly body: Uint8Array | ReadableStream<Uint8Array> | null;
  /** A cookie for this client alone: it goes with the answer and is not kept. */
  readonly cookie?: string | undefined;
  /** Bytes of the body, where the upstream said or all of it is here. */
  readonly length: number | undefined;
}
