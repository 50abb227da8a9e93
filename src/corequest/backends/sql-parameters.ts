import { SkitaiError } from "../../errors.ts";

/**
 * What no database could store as it is meant, refused before anything is sent.
 * @throws SkitaiError SQL_PARAMETER
 */
export function checkParameters(parameters: readonly unknown[]): void {
  for (let index = 0; index < parameters.length; index++) {
    const value = parameters[index];
    const type = typeof value;
    if (type === "number" || type === "boolean" || type === "bigint" || value === null) continue;
    if (type === "string") {
      if ((value as string).includes("\0")) refuse(index, "text with a NUL", "text without NUL characters");
    } else if (type !== "object")
      refuse(index, type, "text, number, bigint, boolean, null, Date, bytes, a list or an object");
    else if (value instanceof Date && Number.isNaN(value.getTime()))
      refuse(index, "Invalid Date", "a valid Date");
  }
}

function refuse(index: number, value: string, accepted: string): never {
  throw new SkitaiError("SQL_PARAMETER", { name: `parameter $${index + 1}`, value, accepted });
}
