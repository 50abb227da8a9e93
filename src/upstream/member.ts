import type { MemberDeclaration } from "../config/members.ts";

/** Seconds that a member is set aside for, and after so many failures in a row. */
const setAside = 60;
const longSetAside = 600;
const manyFailures = 10;
/** What of its weight a member has that has just come back. */
const leastShare = 0.05;

/** One server behind an alias, as one worker sees it. Spec P2, Q5. */
export class Member {
  readonly declaration: MemberDeclaration;
  readonly label: string;
  readonly weight: number;
  /** Calls in progress. */
  active = 0;
  /** When it last answered anything, ms since the epoch. */
  answeredAt = 0;
  /** ms in which its weight grows again. */
  readonly #slowStart: number;
  #failures = 0;
  #until = 0;
  #probing = false;
  #down = false;
  #backAt = 0;

  constructor(declaration: MemberDeclaration, slowStart = 0) {
    this.declaration = declaration;
    this.label = declaration.label;
    this.weight = declaration.weight;
    this.#slowStart = slowStart;
  }

  /** Failures in a row. */
  get failures(): number {
    return this.#failures;
  }

  /** Whether health checks say that it is away. */
  get down(): boolean {
    return this.#down;
  }

  /** Whether calls may go to it: it is well, or its time is over and nobody else is trying. */
  available(now: number): boolean {
    if (this.#down) return false;
    return this.#failures === 0 || (now >= this.#until && !this.#probing);
  }

  /** Its share: less than its weight when it has just come back. */
  weightAt(now: number): number {
    if (this.#backAt === 0) return this.weight;
    const grown = (now - this.#backAt) / this.#slowStart;
    if (grown < 1) return this.weight * Math.max(grown, leastShare);
    this.#backAt = 0;
    return this.weight;
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

  answered(now = Date.now()): void {
    this.answeredAt = now;
    if (this.#failures === 0) return;
    this.#failures = 0;
    this.#back(now);
  }

  failed(now: number): void {
    this.#failures++;
    this.#until = now + (this.#failures >= manyFailures ? longSetAside : setAside) * 1000;
  }

  /** What health checks found out: they know better than failures of calls. */
  checked(well: boolean, now: number): void {
    if (well && (this.#down || this.#failures > 0)) this.#back(now);
    if (well) this.#failures = 0;
    this.#down = !well;
  }

  #back(now: number): void {
    if (this.#slowStart > 0) this.#backAt = now;
  }
}
