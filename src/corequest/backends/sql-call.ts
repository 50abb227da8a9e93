import type { Call } from "../backend.ts";

/** Functions that only look: a lost `select` that calls others, or takes locks, may have had an effect. */
const harmless =
  "any|all|in|exists|values|and|or|not|as|on|from|where|count|sum|min|max|avg|coalesce|nullif|lower|upper|length|round|abs|now|date|cast|using|over|filter|array_agg|json_agg|jsonb_agg|string_agg";
const reads = /^\s*(?:select|values|table|show)\b/i;
const effects = new RegExp(
  `\\b(?!(?:${harmless})\\s*\\()[\\w"]+\\s*\\(|\\b(?:into|for\\s+(?:no\\s+key\\s+)?update|for\\s+(?:key\\s+)?share)\\b`,
  "i",
);

/** One statement. What is not needed on the way to the server is worked out when it is asked for. */
export class SqlCall implements Call {
  readonly sql: string;
  readonly parameters: readonly unknown[];
  /** It may take long. */
  readonly thread: boolean;
  readonly #writes: boolean | undefined;

  /** @param writes whether it changes rows, where that is known for sure */
  constructor(sql: string, parameters: readonly unknown[], writes?: boolean, thread = false) {
    this.thread = thread;
    this.sql = sql;
    this.parameters = parameters;
    this.#writes = writes;
  }

  /** `select`: the first word. */
  get label(): string {
    return /[a-z]+/i.exec(this.sql)?.[0].toLowerCase() ?? "statement";
  }

  get idempotent(): boolean {
    if (this.#writes !== undefined) return !this.#writes;
    return reads.test(this.sql) && !effects.test(this.sql);
  }

  cacheKey(): string {
    return `${this.sql} ${JSON.stringify(this.parameters, exact)}`;
  }
}

/** What JSON has no words for gets some that no text is equal to: none has a NUL, see `checkParameters`. */
function exact(this: Record<string, unknown>, key: string, value: unknown): unknown {
  const given = this[key];
  if (typeof given === "bigint") return `\0n${given}`;
  if (typeof given === "number" && (!Number.isFinite(given) || Object.is(given, -0)))
    return `\0f${Object.is(given, -0) ? "-0" : given}`;
  if (given instanceof Date) return `\0d${given.getTime()}`;
  return given instanceof Uint8Array ? `\0b${given.toBase64()}` : value;
}
