import { createConsola } from "consola";
import { SkitaiError } from "../src/errors.ts";

/** What the commands say. The level is given because consola's own is silent where `NODE_ENV` is `test`. */
export const terminal = createConsola({ level: 3 });

/** One clear line for what the user can mend, all there is for what they cannot; exit code 1. */
export function fail(error: unknown): never {
  terminal.error(error instanceof SkitaiError ? error.message : error);
  process.exit(1);
}
