import type { SqlDriverModule } from "./backends/sql-driver.ts";

/** Drivers of databases, each loaded by its first call: a literal import, which `skitai build` sees. */
export const drivers = {
  bun: (): Promise<SqlDriverModule> => import("./backends/postgres-bun.ts"),
  postgres: (): Promise<SqlDriverModule> => import("./backends/postgres-js.ts"),
  sqlite: (): Promise<SqlDriverModule> => import("./backends/sqlite.ts"),
};
