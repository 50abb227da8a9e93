import type { Context } from "../context.ts";
import { type Row, tablePage } from "./table-page.ts";
import type { TableRequest, TableRules } from "./table-request.ts";

/**
 * Asks a database for rows, `request.limit` of them at most.
 * @param signal aborted when the client goes away
 */
export type TableQuery = (request: TableRequest, signal: AbortSignal) => Promise<readonly Row[]>;

/**
 * Shows tables of a database as JSON, to read only: `GET /photos?owner=hans&order=-taken&limit=20`. Spec G1.
 * What it throws is a GatewayError TABLE_QUERY, or an error of the query.
 */
export function tableHandler(
  rules: TableRules,
  query: TableQuery,
): (request: Request, context: Context) => Promise<Response> {
  return async ({ method }, context) => {
    const asked = rules.read(method, context.path, context.search);
    // One more row says whether there is another page.
    const rows = await query({ ...asked, limit: asked.limit + 1 }, context.signal);
    return tablePage(asked, rows, context.search);
  };
}
