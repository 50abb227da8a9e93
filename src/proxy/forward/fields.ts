import type { Fields, RelayedRequest } from "../../http/relay.ts";
import { answerFields } from "../fields.ts";
import { Refused } from "./refused.ts";

const mostFields = 500;

/** Name and value by turns, as node:http has them. */
type Flat = readonly string[];

const pairs = (flat: Flat): [name: string, value: string][] =>
  Array.from({ length: flat.length / 2 }, (_, n) => [flat[2 * n]!, flat[2 * n + 1]!]);

const named = (fields: Fields, wanted: string): string[] =>
  fields.flatMap(([name, value]) => (name.toLowerCase() === wanted ? [value] : []));

/** Names of this hop are taken off whichever of several `Connection` fields lists them. */
function endToEnd(fields: Fields): [name: string, value: string][] {
  const listed = named(fields, "connection").join(",");
  const others = fields.filter(([name]) => name.toLowerCase() !== "connection");
  return answerFields([["connection", listed], ...others], true);
}

/** What a request says to the proxy only, or what the proxy says for itself; ids of the engine are inside matters. */
const replaced = ["host", "expect", "via", "x-gtxn-id", "x-ltxn-id"];

/**
 * The fields of a request that a server gets, with Via, without Host. Content-Length and Transfer-Encoding say that there is a
 * body.
 * @param more what the proxy adds of its own
 * @throws Refused 400 for a framing that servers could read in another way, 431 for too many fields, 508 when it has been here before
 */
export function requestFields(flat: Flat, version: string, pseudonym: string, more: Fields): Fields {
  // Parsers drop what is more than they count to, and something could stand there.
  if (flat.length > 2 * mostFields) throw new Refused(431, `more than ${mostFields} fields`);
  const fields = pairs(flat);
  const codings = named(fields, "transfer-encoding");
  const chunked = codings.length === 1 && codings[0]!.toLowerCase() === "chunked";
  if ((codings.length > 0 && !chunked) || named(fields, "host").length > 1 || (chunked && version === "1.0"))
    throw new Refused(400, "the framing of the request is ambiguous");
  const via = named(fields, "via");
  if (via.some((value) => value.includes(pseudonym))) throw new Refused(508, "the request goes in a circle");
  const said = new Set([...replaced, ...more.map(([name]) => name)]);
  const kept = endToEnd(fields).filter(([name]) => !said.has(name));
  return [
    ...kept,
    ...(chunked ? [["transfer-encoding", "chunked"] as const] : []),
    ["via", [...via, `${version} ${pseudonym}`].join(", ")],
    ...more,
  ];
}

/** The fields of an answer that a client gets. */
export const answeredFields = (fields: Fields, pseudonym: string): Fields => [
  ...endToEnd(fields),
  ["via", `1.1 ${pseudonym}`],
];

/** Request line and fields with their ends; `framing` is that of the body. */
export function requestHead(
  { method, fields }: RelayedRequest,
  path: string,
  authority: string,
  more: string,
): string {
  let lines = `${method} ${path} HTTP/1.1\r\nhost: ${authority}\r\n`;
  for (const [name, value] of fields) lines += `${name}: ${value}\r\n`;
  return `${lines}${more}\r\n`;
}
