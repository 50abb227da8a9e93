import { nearest } from "../config/nearest.ts";
import { SkitaiError } from "../errors.ts";

const cache = ["useCache", "rmCache"];
const http = [...cache, "headers", "timeout", "firstByteTimeout", "maxBytes"];

/** What the options of calls are called; types do not tell who writes JavaScript. */
export const knownOptions = {
  http: [...http, "redirect", "retries", "stream"],
  rpc: [...http, "zone"],
  database: [...cache, "timeout", "thread"],
  transaction: ["timeout", "hold", "autoPutback", "thread"],
} as const;

/** @throws SkitaiError OPTION_UNKNOWN that names the nearest */
export function refuseUnknown(call: string, options: object, known: readonly string[]): void {
  for (const name in options) {
    if (known.includes(name)) continue;
    const near = nearest(name, known);
    throw new SkitaiError("OPTION_UNKNOWN", {
      name: `${call} ${name}`,
      accepted:
        near === undefined
          ? `unknown option, known are ${known.join(", ")}`
          : `unknown option, did you mean ${near}?`,
    });
  }
}
