/** Told of a name that `setlu` was called with in this process, and of what else it was given. */
export type ChangeListener = (name: string, ...details: readonly unknown[]) => void;

/**
 * Integers and time stamps that all workers of a service share. A name has both, one beside the other. Spec H1, H2.
 *
 * All calls are synchronous: the words are memory of this machine. In cluster mode (spec H5) they stay so: Redis has the
 * truth, the memory of each machine is its mirror. What is set goes to the mirror at once and to Redis behind it; what
 * others set arrives by a subscription. `incgs` sends the difference: no count is lost, but the number it returns is exact
 * on one machine only.
 *
 * Every call throws SkitaiError STATE_UNKNOWN for a name that this script did not register, STATE_INVALID for other values.
 */
export interface Words {
  /** @param value from -(2^53 - 1) to 2^53 - 1 */
  setgs(name: string, value: number): void;
  /** @param otherwise returned while the name was neither set nor counted, default 0 */
  getgs(name: string, otherwise?: number): number;
  /**
   * Adds, atomically.
   * @param by default 1
   * @returns the sum
   */
  incgs(name: string, by?: number): number;
  /**
   * Says that something changed just now. No two calls on this machine get the same time, and later ones get later times.
   * @param details for listeners of this process
   * @returns the time, in seconds since 1970 with six places
   */
  setlu(name: string, ...details: readonly unknown[]): number;
  /** The newest time of several names, in seconds; the start of the service for what never changed. */
  getlu(name: string, ...others: readonly string[]): number;
  /** @returns ends it */
  onChange(listener: ChangeListener): () => void;
}
