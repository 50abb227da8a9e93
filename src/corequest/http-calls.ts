import { type AliasDeclaration, PROTO_HTTP, PROTO_HTTPS } from "../config/alias-options.ts";
import type { Duration } from "../config/settings.ts";
import { SkitaiError } from "../errors.ts";
import { parseMember } from "../config/members.ts";
import { Cluster } from "../upstream/cluster.ts";
import { clusterOf } from "../upstream/clusters.ts";
import { http } from "./backends/http.ts";
import {
  headersOf,
  type HttpCall,
  httpCall,
  type HttpData,
  type HttpMethod,
  type HttpOptions,
} from "./http-call.ts";
import { start, startOnAll } from "./start.ts";
import { seconds, type Task } from "./task.ts";
import type { Tasks } from "./tasks.ts";

/** `@alias/path` or a URL. Spec Q2. */
type Place = string;

/** A method without a body: data goes into the query. */
export interface Ask {
  <Data = unknown>(place: Place, data?: Record<string, unknown>, options?: HttpOptions): Task<Data>;
}

/** A method with a body. */
export interface Send {
  <Data = unknown>(place: Place, data?: HttpData, options?: HttpOptions): Task<Data>;
}

/** Asks every member, see `startOnAll`. */
export interface SendToAll {
  <Data = unknown>(place: Place, data?: HttpData, options?: HttpOptions): Tasks<Task<Data>[]>;
}

/** `.lb` picks a member as the method itself does, and says so; `.map` asks every one. Spec Q5. */
export type HttpMethodCall<Kind> = Kind & { readonly lb: Kind; readonly map: SendToAll };

/** A method of HTTP as a task. */
export function method<Kind extends Ask | Send>(name: HttpMethod, multipart = false): HttpMethodCall<Kind> {
  const one = (place: Place, data?: HttpData, options: HttpOptions = {}): Task => {
    const { cluster, call } = prepared(name, place, data, multipart ? asForm(options) : options);
    const { useCache = true, rmCache } = options;
    const timeout = secondsOf(options.timeout);
    return start(http, cluster, call, { timeout, useCache, ...(rmCache === undefined ? {} : { rmCache }) });
  };
  const all = (place: Place, data?: HttpData, options: HttpOptions = {}): Tasks<Task[]> => {
    const { cluster, call } = prepared(name, place, data, multipart ? asForm(options) : options);
    return startOnAll(http, cluster, call, { timeout: secondsOf(options.timeout) });
  };
  return Object.assign(one, { lb: one, map: all }) as unknown as HttpMethodCall<Kind>;
}

/** Only where the data does not say itself what it is. */
function asForm(options: HttpOptions): HttpOptions {
  return { ...options, headers: { "content-type": "multipart/form-data", ...headersOf(options.headers) } };
}

function prepared(
  name: HttpMethod,
  place: Place,
  data: HttpData,
  options: HttpOptions,
): { cluster: Cluster; call: HttpCall } {
  const { cluster, path } = placeOf(place);
  const firstByte = secondsOf(options.firstByteTimeout);
  const call = httpCall(name, path, data, options, firstByte === undefined ? undefined : firstByte * 1000);
  return { cluster, call: keyedByUser(call, cluster) };
}

export const secondsOf = (duration: Duration | undefined): number | undefined =>
  duration === undefined ? undefined : seconds(duration);

/** What the cluster of a URL is called does not say who asks. */
export function keyedByUser<Kind extends HttpCall>(call: Kind, { name, members }: Cluster): Kind {
  const { user, password } = members[0]!.declaration;
  const { cacheKey } = call;
  if (name.startsWith("@") || user === undefined || cacheKey === undefined) return call;
  return { ...call, cacheKey: () => `${JSON.stringify([user, password])} ${cacheKey()}` };
}

/** `fetch` would go up by dots, take `\\` for `/`, and drop tabs and line breaks: it would ask for another path than was written. */
const otherPath = /^[^?#]*(?:[\\\0-\x1f]|\/(?:\.|%2e){2}(?:[/?#]|$))/i;

/** @throws SkitaiError ALIAS_UNKNOWN, ALIAS_TYPE, ALIAS_INVALID */
export function placeOf(place: Place): { cluster: Cluster; path: string } {
  if (typeof place !== "string") throw refused(place);
  if (place.startsWith("@")) {
    if (otherPath.test(place))
      throw refused(place.replace(/[?#].*/s, ""), "a path without .. and control characters");
    const slash = place.indexOf("/");
    const name = slash < 0 ? place.replace(/\?.*$/, "") : place.slice(0, slash);
    const path = place.slice(name.length);
    return {
      cluster: clusterOf(name, [PROTO_HTTP, PROTO_HTTPS]),
      path: path.startsWith("/") ? path : `/${path}`,
    };
  }
  return direct(place);
}

const refused = (value: unknown, accepted = '"@alias/path" or a URL of http or https'): SkitaiError =>
  new SkitaiError("ALIAS_INVALID", { name: "call", value, accepted });

/** Clusters of one member, for URLs; nothing is remembered of hosts that are not declared. */
function direct(place: string): { cluster: Cluster; path: string } {
  const url = URL.parse(place);
  const type = url?.protocol === "http:" ? PROTO_HTTP : url?.protocol === "https:" ? PROTO_HTTPS : undefined;
  const credentials = url?.username || url?.password ? `${url.username}:${url.password}@` : "";
  const member = type && url && parseMember(`${credentials}${url.host}`, type);
  if (url === null || type === undefined || !member)
    throw refused(place.replace(/[?#].*/s, "").replace(/\/\/.*@/s, "//"));
  const declaration: AliasDeclaration = { name: url.origin, type, members: [member], options: {} };
  return { cluster: new Cluster(declaration), path: url.pathname + url.search };
}
