import type { Executor } from "./executor.ts";
import type { Queries } from "./queries.ts";

/** Loaded by the first query of a process, not by everybody: Kysely is 250 modules. */
const builder = (): typeof import("./queries.ts") => require("./queries.ts");

/** See `queries.ts`. */
export const queries = <Tables>(executor: Executor): Queries<Tables> => builder().queries<Tables>(executor);
