import { SkitaiError } from "../../errors.ts";

/** @param name the column, look-up or method that was given `value` */
export const invalid = (name: string, value: unknown, accepted: string): SkitaiError =>
  new SkitaiError("QUERY_INVALID", { name, value, accepted });
