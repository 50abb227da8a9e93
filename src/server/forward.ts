import type { ForwardDeclaration } from "../config/tls-options.ts";
import type { Scope } from "../context.ts";
import { type Dispatch, nowhereOf } from "./dispatch.ts";
import { Exchange } from "./exchange.ts";
import { refuse } from "./fallback.ts";
import { refusalOf } from "./limits.ts";
import type { Reply } from "./reply.ts";

export interface ForwardParts {
  readonly scope: Scope;
  readonly reply: Reply;
  /** Numbers the transactions of all listeners of a process. */
  readonly next: () => number;
}

/** Proofs of domain ownership (RFC 8555 §8.3) are asked for on port 80, and must not be sent elsewhere. */
const challenges = "/.well-known/acme-challenge/";

/** Answers everything on the plain port with its place on the secure one. Spec T2. */
export function forwarder(forward: ForwardDeclaration, { scope, reply, next }: ForwardParts): Dispatch {
  const nowhere = nowhereOf(scope);
  const answer = (exchange: Exchange): Response => {
    const refusal = refusalOf(exchange);
    if (refusal) return refuse(exchange, refusal.status, refusal.detail, { connection: "close" });
    if (exchange.path.startsWith(challenges)) return refuse(exchange, 404, "no such challenge");
    return redirect(exchange, forward) ?? refuse(exchange, 400, "Host is needed to be forwarded");
  };
  return (request, server) => {
    const exchange = new Exchange(request, server, next());
    exchange.enter(nowhere);
    return reply.answered(exchange, answer(exchange));
  };
}

/** On the main port: sends every host but the domain there; `undefined` when there is no domain. Spec T2. */
export function toDomain(
  forward: ForwardDeclaration | undefined,
): ((exchange: Exchange) => Response | undefined) | undefined {
  const domain = forward?.domain;
  if (forward === undefined || domain === undefined) return undefined;
  return (exchange) =>
    nameOf(exchange.host).toLowerCase() === domain ? undefined : redirect(exchange, forward);
}

/**
 * 301 as the reference has it, which clients may follow with GET; other methods get 308, which keeps method and body
 * (RFC 9110 §15.4.2, §15.4.9).
 */
function redirect(
  { method, host, path, search }: Exchange,
  { domain, to }: ForwardDeclaration,
): Response | undefined {
  const name = domain ?? nameOf(host);
  if (name === "") return undefined;
  const location = `https://${name}${to === 443 ? "" : `:${to}`}${path}${search}`;
  const status = method === "GET" || method === "HEAD" ? 301 : 308;
  return new Response(null, { status, headers: { location } });
}

/** A validated host without its port, and without the dot of an absolute name. */
const nameOf = (host: string): string => host.replace(/:\d*$/, "").replace(/\.$/, "");
