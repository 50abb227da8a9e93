import { Context, type HttpServer, runWith, type Scope } from "../context.ts";
import type { Answer, Mount } from "../mounts/mount.ts";
import { continued, firstLocalId, type Transaction } from "../trace/transaction.ts";
import type { Deadlines } from "./deadlines.ts";
import { Exchange } from "./exchange.ts";
import { redirectBelow, refuse, unanswered } from "./fallback.ts";
import { limitBody, refusalOf } from "./limits.ts";
import { noResponse, type Reply } from "./reply.ts";
import type { Entry, MountTable } from "./table.ts";

/** What dispatch needs; all of it made at start. */
export interface DispatchParts {
  readonly table: MountTable;
  /** Of requests that no mount answers. */
  readonly scope: Scope;
  readonly reply: Reply;
  readonly nextId: () => string;
  readonly deadlines: Deadlines;
  /** Milliseconds a request body may pause. */
  readonly pause: number;
}

/** One function for all requests: AsyncLocalStorage calls it without a closure made for each. */
const respondOf = (mount: Mount, context: Context): Answer => mount.respond(context.request, context);

export type Dispatch = (request: Request, server: HttpServer) => Response | Promise<Response>;

/**
 * The way in of one request: limits, table, context, mount. Nothing here is asynchronous unless the handler is.
 * The way out, with everything that can go wrong, is `Reply`.
 */
export function dispatcher(parts: DispatchParts): Dispatch {
  const { table, scope, reply, nextId, deadlines, pause } = parts;
  const nowhere = entryOf(scope);

  function transactionOf(exchange: Exchange): Transaction {
    const { headers, request, server } = exchange;
    if (headers.get("x-gtxn-id") !== null || headers.get("traceparent") !== null) {
      const { peer } = new Context(request, server, scope, "", "", "", 0);
      const transaction = scope.trusted(peer) ? continued(headers) : undefined;
      if (transaction) return transaction;
    }
    return { gtxnid: nextId(), ltxnid: firstLocalId };
  }

  function enter(exchange: Exchange, entry: Entry, transaction: Transaction): Answer {
    const context = exchange.enter(entry, transaction);
    if (!entry.mount.final) {
      limitBody(exchange, entry.limits, pause, deadlines);
      exchange.rebase();
    }
    return runWith(context, respondOf, entry.mount, context);
  }

  function ask(exchange: Exchange): Response | Promise<Response> {
    const transaction = transactionOf(exchange);
    const refusal = refusalOf(exchange);
    if (refusal) {
      exchange.enter(nowhere, transaction);
      return refuse(exchange, refusal.status, refusal.detail, { connection: "close" });
    }
    const { point, entries } = table.match(exchange.host, exchange.path);
    if (point !== "" && exchange.path.length === point.length) {
      exchange.enter(nowhere, transaction);
      return redirectBelow(exchange);
    }
    for (const entry of entries) {
      const answer = enter(exchange, entry, transaction);
      if (answer !== undefined) return answer;
      if (!entry.mount.final) throw noResponse();
    }
    exchange.enter(nowhere, transaction);
    return unanswered(exchange, entries, transaction);
  }

  return (request, server) => {
    const exchange = new Exchange(request, server);
    let answer: Response | Promise<Response>;
    try {
      answer = ask(exchange);
    } catch (error) {
      return reply.failed(exchange, error);
    }
    return reply.answered(exchange, answer);
  };
}

/** The entry of requests that no mount answers: it gives them a context to be logged with. */
function entryOf(scope: Scope): Entry {
  const mount: Mount = { label: "nothing", final: true, respond: () => undefined };
  const limits = { body: 0, multipart: 0, file: 0 };
  return { point: "", mount, scope, limits, onError: undefined };
}
