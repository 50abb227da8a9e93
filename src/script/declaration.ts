import { Declaration } from "../config/declaration.ts";

/** All that this script says before `run()`. */
export const declaration = new Declaration(process.argv.slice(2));
