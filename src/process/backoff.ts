/** A worker that lived shorter than this (ms) died at once. */
export const shortLife = 5000;
/** So many deaths in a row, before a worker ever served, and the start has failed. */
export const startAttempts = 4;

const first = 100;
const most = 10_000;

/** Milliseconds to wait before the next start, after `deaths` short lives in a row: 0, 100, 200, 400 … 10 s. */
export const backoff = (deaths: number): number =>
  deaths === 0 ? 0 : Math.min(first * 2 ** (deaths - 1), most);
