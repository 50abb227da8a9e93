import type { Cluster } from "../upstream/cluster.ts";
import { http } from "./backends/http.ts";
import { secondsOf } from "./durations.ts";
import {
  headersOf,
  type HttpCall,
  httpCall,
  type HttpData,
  type HttpMethod,
  type HttpOptions,
} from "./http-call.ts";
import { knownOptions, refuseUnknown } from "./known-options.ts";
import { httpPlaces, placeOf } from "./place.ts";
import { start, startOnAll } from "./start.ts";
import type { Task } from "./task.ts";
import type { Tasks } from "./tasks.ts";

/** `@alias/path` or a URL. Spec Q2. */
type Place = string;

/**
 * A method without a body: data goes into the query. In workers as many calls are under way at once as there are; `fetch` in a
 * program that runs by itself has 256 at once for all servers, others wait: `BUN_CONFIG_MAX_HTTP_REQUESTS` says how many. Idle
 * connections are kept as long as `fetch` keeps them.
 */
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
  refuseUnknown(`was.${name.toLowerCase()}`, options, knownOptions.http);
  const { cluster, path } = placeOf(place, httpPlaces);
  const firstByte = secondsOf(options.firstByteTimeout);
  const call = httpCall(name, path, data, options, firstByte === undefined ? undefined : firstByte * 1000);
  return { cluster, call: keyedByUser(call, cluster) };
}

/** What the cluster of a URL is called does not say who asks. */
export function keyedByUser<Kind extends HttpCall>(call: Kind, { name, members }: Cluster): Kind {
  const { user, password } = members[0]!.declaration;
  const { cacheKey } = call;
  if (name.startsWith("@") || user === undefined || cacheKey === undefined) return call;
  return { ...call, cacheKey: () => `${JSON.stringify([user, password])} ${cacheKey()}` };
}
