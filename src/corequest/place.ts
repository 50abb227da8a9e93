import {
  type AliasDeclaration,
  type AliasType,
  PROTO_HTTP,
  PROTO_HTTPS,
  PROTO_WS,
  PROTO_WSS,
} from "../config/alias-options.ts";
import { parseMember } from "../config/members.ts";
import { SkitaiError } from "../errors.ts";
import { Cluster } from "../upstream/cluster.ts";
import { clusterOf } from "../upstream/clusters.ts";

export interface CallPlace {
  readonly cluster: Cluster;
  /** With its query, starts with `/`. */
  readonly path: string;
}

/** The types of aliases that a call goes to, the plain one first: as in URLs. */
export type PlaceTypes = readonly [AliasType, AliasType];
export const httpPlaces: PlaceTypes = [PROTO_HTTP, PROTO_HTTPS];
export const socketPlaces: PlaceTypes = [PROTO_WS, PROTO_WSS];

/** A URL's parser would go up by dots, take `\\` for `/`, and drop tabs and line breaks: another path would be asked for. */
const otherPath = /^[^?#]*(?:[\\\0-\x1f]|\/(?:\.|%2e){2}(?:[/?#]|$))/i;

/**
 * @param place `@alias/path`, or a URL
 * @throws SkitaiError ALIAS_UNKNOWN, ALIAS_TYPE, ALIAS_INVALID
 */
export function placeOf(place: string, types: PlaceTypes): CallPlace {
  if (typeof place !== "string") throw refused(place, types);
  if (!place.startsWith("@")) return direct(place, types);
  if (otherPath.test(place))
    throw refused(place.replace(/[?#].*/s, ""), types, "a path without .. and control characters");
  const slash = place.indexOf("/");
  const name = slash < 0 ? place.replace(/\?.*$/, "") : place.slice(0, slash);
  const path = place.slice(name.length);
  return { cluster: clusterOf(name, types), path: path.startsWith("/") ? path : `/${path}` };
}

const refused = (
  value: unknown,
  types: PlaceTypes,
  accepted = `"@alias/path" or a URL of ${types.join(" or ")}`,
): SkitaiError => new SkitaiError("ALIAS_INVALID", { name: "call", value, accepted });

/** Clusters of one member, for URLs; nothing is remembered of hosts that are not declared. */
function direct(place: string, types: PlaceTypes): CallPlace {
  const url = URL.parse(place);
  const type = types.find((each) => url?.protocol === `${each}:`);
  const credentials = url?.username || url?.password ? `${url.username}:${url.password}@` : "";
  const member = type && url && parseMember(`${credentials}${url.host}`, type);
  if (url === null || type === undefined || !member)
    throw refused(place.replace(/[?#].*/s, "").replace(/\/\/.*@/s, "//"), types);
  const name = `${url.protocol}//${url.host}`;
  const declaration: AliasDeclaration = { name, type, members: [member], options: {} };
  return { cluster: new Cluster(declaration), path: url.pathname + url.search };
}
