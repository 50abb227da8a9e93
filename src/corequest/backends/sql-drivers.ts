import type { SqlDriverModule } from "./sql-driver.ts";

/** Drivers of databases, each loaded by its first call: a literal import, which `skitai build` sees. */
export const drivers = {
  bun: (): Promise<SqlDriverModule> => import("./postgres-bun.ts"),
  postgres: (): Promise<SqlDriverModule> => import("./postgres-js.ts"),
  sqlite: (): Promise<SqlDriverModule> => import("./sqlite.ts"),
};
