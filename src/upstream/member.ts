import type { MemberDeclaration } from "../config/members.ts";

/** Seconds that a member is set aside for, and after so many failures in a row. */
const setAside = 60;
const longSetAside = 600;
const manyFailures = 10;

/** One server behind an alias, as one worker sees it. Spec P2, Q5. */
export class Member {
  readonly declaration: MemberDeclaration;
  readonly label: string;
  readonly weight: number;
  /** Calls in progress. */
  active = 0;
  /** When it last answered anything, ms since the epoch. */
  answeredAt = 0;
  #failures = 0;
  #until = 0;
  #probing = false;

  constructor(declaration: MemberDeclaration) {
    this.declaration = declaration;
    this.label = declaration.label;
    this.weight = declaration.weight;
  }

  /** Failures in a row. */
  get failures(): number {
    return this.#failures;
  }

  /** Whether calls may go to it: it is well, or its time is over and nobody else is trying. */
  available(now: number): boolean {
    return this.#failures === 0 || (now >= this.#until && !this.#probing);
  }

  claim(): void {
    this.active++;
    if (this.#failures > 0) this.#probing = true;
  }

  /** The call is over; whether the member is well is said by `answered` or `failed`, or not known. */
  release(): void {
    this.active--;
    this.#probing = false;
  }

  answered(): void {
    this.answeredAt = Date.now();
    this.#failures = 0;
  }

  failed(now: number): void {
    this.#failures++;
    this.#until = now + (this.#failures >= manyFailures ? longSetAside : setAside) * 1000;
  }
}
