import type { ServerResponse } from "node:http";
import { outgoing } from "../../cache/key.ts";
import type { Fields } from "../../http/relay.ts";
import { toTraceparent } from "../../trace/traceparent.ts";
import type { Destinations } from "./destinations.ts";
import type { Exchange } from "./exchange.ts";
import { requestFields } from "./fields.ts";
import type { Origins } from "./origins.ts";
import type { ForwardParts } from "./parts.ts";
import { Refused } from "./refused.ts";
import { send } from "./send.ts";
import { readResource, type Resource } from "./target.ts";

export interface RelayParts {
  readonly parts: ForwardParts;
  readonly destinations: Destinations;
  readonly origins: Origins;
  readonly pseudonym: string;
  /** Whether clients are told to connect anew. */
  readonly closing: () => boolean;
}

/** Answers a request in absolute form. @throws Refused */
export async function relay(
  exchange: Exchange,
  response: ServerResponse,
  relayed: RelayParts,
): Promise<void> {
  const { parts, destinations, origins, closing } = relayed;
  const { request, method } = exchange;
  const { resource, fields } = readRequest(exchange, relayed);
  if (method === "TRACE") throw new Refused(405, "TRACE shows what a client says to nobody else");
  const hops = method === "OPTIONS" ? fields.find(([name]) => name === "max-forwards")?.[1] : undefined;
  if (hops === "0") {
    exchange.answered(204);
    response.writeHead(204).end();
    return;
  }
  const asked = { method, url: resource.url, fields: hops === undefined ? fields : oneHopLess(fields, hops) };
  // Before a cache is asked, which may know answers from inside.
  const place = { ...resource, addresses: await destinations.addresses(resource) };
  const { cache } = parts;
  const answer =
    cache === undefined
      ? await origins.ask(asked, place, exchange)
      : await cache.answer({ ...asked, url: outgoing(asked.url) }, (each, detached) =>
          origins.ask(each, place, detached ? undefined : exchange),
        );
  await send(response, answer, exchange, closing() || !request.complete);
}

/**
 * What a request asks for, as a server gets it.
 * @throws Refused 400, 403, 508
 */
export function readRequest(
  exchange: Exchange,
  { parts, destinations, pseudonym }: RelayParts,
): { resource: Resource; fields: Fields } {
  const { request, method } = exchange;
  const resource = readResource(method, request.url!);
  exchange.host = resource.authority;
  destinations.checkName(resource, "request");
  const { rawHeaders, httpVersion } = request;
  return { resource, fields: requestFields(rawHeaders, httpVersion, pseudonym, own(exchange, parts)) };
}

/** What servers are told of the client and of the transaction: nothing, unless asked for. */
function own(exchange: Exchange, { options }: ForwardParts): Fields {
  const { peer, gtxnid, ltxnid, request } = exchange;
  const before = request.headers["x-forwarded-for"];
  return [
    ...(options.forwardedFor
      ? [["x-forwarded-for", before === undefined ? peer : `${String(before)}, ${peer}`] as const]
      : []),
    ...(options.transactionIds
      ? [
          ["x-gtxn-id", gtxnid] as const,
          ["x-ltxn-id", `${ltxnid + 1}`] as const,
          ["traceparent", toTraceparent(gtxnid, ltxnid + 1)] as const,
        ]
      : []),
  ];
}

const oneHopLess = (fields: Fields, hops: string): Fields =>
  fields.map(([name, value]) =>
    name === "max-forwards" && /^\d{1,9}$/.test(hops) ? [name, `${Number(hops) - 1}`] : [name, value],
  );
