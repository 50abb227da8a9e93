import { type ErrorCode, type ErrorDetail, SkitaiError } from "../errors.ts";

/** Where a call went. */
export interface Target {
  /** `@members`, or the origin of a URL. */
  readonly alias: string;
  /** `10.0.0.1:5001`; without one when no member was chosen yet. */
  readonly member?: string | undefined;
}

/** A call that has failed: names alias and member. */
export class CorequestError extends SkitaiError {
  readonly alias: string;
  readonly member: string | undefined;

  /** @param what the call, for people: `GET /pets/1`, `select` */
  constructor(
    code: ErrorCode,
    { alias, member }: Target,
    what: string,
    detail: ErrorDetail = {},
    status?: number,
  ) {
    const place = member === undefined || member === alias ? alias : `${alias} (${member})`;
    super(code, { ...detail, name: `${place}: ${what}` }, status);
    this.name = "CorequestError";
    this.alias = alias;
    this.member = member;
  }
}

/** `one()` on a result that is not exactly one row: status 410. */
export const notOne = (found: number): SkitaiError =>
  new SkitaiError("RESULT_NOT_ONE", { name: "one()", accepted: `exactly one row, found ${found}` });
