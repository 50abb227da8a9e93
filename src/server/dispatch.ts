import { Context, type HttpServer, runWith, type Scope } from "../context.ts";
import type { Answer, Mount } from "../mounts/mount.ts";
import { continued } from "../trace/transaction.ts";
import type { Deadlines } from "./deadlines.ts";
import { Exchange, type HttpVersion } from "./exchange.ts";
import { nothing, redirectBelow, refuse, unanswered } from "./fallback.ts";
import { limitBody, refusalOf } from "./limits.ts";
import { noResponse, type Reply } from "./reply.ts";
import type { Entry, MountTable } from "./table.ts";

/** What dispatch needs; all of it made at start. */
export interface DispatchParts {
  readonly table: MountTable;
  /** Of requests that no mount answers. */
  readonly scope: Scope;
  readonly reply: Reply;
  readonly deadlines: Deadlines;
  /** Milliseconds a request body may pause. */
  readonly pause: number;
  /** Numbers the transactions of all listeners of a process. */
  readonly next: () => number;
  readonly version: HttpVersion;
  /** Answers requests for hosts that are not served here. */
  readonly elsewhere: ((exchange: Exchange) => Response | undefined) | undefined;
}

/** One function for all requests: AsyncLocalStorage calls it without a closure made for each. */
const respondOf = (mount: Mount, context: Context): Answer => mount.respond(context.request, context);

export type Dispatch = (request: Request, server: HttpServer) => Response | Promise<Response>;

/**
 * The way in of one request: limits, table, context, mount. Nothing here is asynchronous unless the handler is.
 * The way out, with everything that can go wrong, is `Reply`.
 */
export function dispatcher(parts: DispatchParts): Dispatch {
  const { table, scope, reply, deadlines, pause, next, version, elsewhere } = parts;
  const nowhere = nowhereOf(scope);

  /** Takes the ids of a trusted peer over. */
  function join(exchange: Exchange): void {
    const { headers, request, server } = exchange;
    if (headers.get("x-gtxn-id") === null && headers.get("traceparent") === null) return;
    const { peer } = new Context(request, server, scope, "", "", "", 0);
    const transaction = scope.trusted(peer) ? continued(headers) : undefined;
    if (transaction === undefined) return;
    exchange.transaction = transaction.gtxnid;
    exchange.ltxnid = transaction.ltxnid;
  }

  function enter(exchange: Exchange, entry: Entry): Answer {
    const context = exchange.enter(entry);
    const { mount } = entry;
    if (mount.final && mount.relays !== true) return mount.respond(exchange.request, context);
    limitBody(exchange, entry.limits, pause, deadlines);
    if (mount.final) return runWith(context, respondOf, mount, context);
    exchange.rebase();
    return runWith(context, respondOf, entry.mount, context);
  }

  function ask(exchange: Exchange): Response | Promise<Response> {
    const refusal = refusalOf(exchange);
    if (refusal) {
      exchange.enter(nowhere);
      return refuse(exchange, refusal.status, refusal.detail, { connection: "close" });
    }
    if (elsewhere !== undefined) {
      exchange.enter(nowhere);
      const redirect = elsewhere(exchange);
      if (redirect !== undefined) return redirect;
    }
    const { point, entries, exact } = table.match(exchange.host, exchange.path);
    if (!exact && exchange.path.length === point.length) {
      exchange.enter(nowhere);
      return redirectBelow(exchange);
    }
    for (const entry of entries) {
      const answer = enter(exchange, entry);
      if (answer !== undefined) return answer;
      if (!entry.mount.final) throw noResponse();
    }
    exchange.enter(nowhere);
    return unanswered(exchange, entries);
  }

  return (request, server) => {
    const exchange = new Exchange(request, server, next(), version);
    join(exchange);
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
export function nowhereOf(scope: Scope): Entry {
  const limits = { body: 0, multipart: 0, file: 0 };
  return { point: "", mount: nothing, scope, limits, onError: undefined };
}

/** 1, 2, 3 … */
export function transactionNumbers(): () => number {
  let last = 0;
  return () => ++last;
}
