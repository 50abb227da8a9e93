import { rpc, type RpcCall } from "./backends/rpc.ts";
import { httpCall, type HttpOptions } from "./http-call.ts";
import { secondsOf } from "./durations.ts";
import { keyedByUser } from "./http-calls.ts";
import { knownOptions, refuseUnknown } from "./known-options.ts";
import { httpPlaces, placeOf } from "./place.ts";
import { start, startOnAll } from "./start.ts";
import type { Task } from "./task.ts";
import type { Tasks } from "./tasks.ts";

/** Settings of all calls of a stub. */
export type RpcOptions = Pick<
  HttpOptions,
  "headers" | "timeout" | "firstByteTimeout" | "maxBytes" | "useCache" | "rmCache"
>;

/** Sends one message: `label` for people, without values; `read` as in `RpcCall`. */
export type Sender = (label: string, body: string, read: RpcCall["read"]) => Task | Tasks<Task[]>;

/**
 * @param place `@alias/path` or a URL
 * @param type of the content
 * @param kind what the result depends on beside the message, for the result cache
 * @param all whether every member is asked
 * @throws SkitaiError ALIAS_UNKNOWN, ALIAS_TYPE, ALIAS_INVALID
 */
export function sender(place: string, type: string, kind: string, options: RpcOptions, all: boolean): Sender {
  refuseUnknown("rpc", options, knownOptions.rpc);
  const { cluster, path } = placeOf(place, httpPlaces);
  const { useCache = true, rmCache } = options;
  const given = options.headers as Bun.HeadersInit | undefined;
  const timeout = secondsOf(options.timeout);
  const firstByte = secondsOf(options.firstByteTimeout);
  const starting = { timeout, useCache, ...(rmCache === undefined ? {} : { rmCache }) };
  return (label, body, read) => {
    const headers = new Headers(given);
    headers.set("content-type", type);
    if (!headers.has("accept")) headers.set("accept", type);
    const { maxBytes } = options;
    const http: HttpOptions = {
      headers,
      redirect: "manual",
      ...(maxBytes === undefined ? {} : { maxBytes }),
    };
    const sent = httpCall("POST", path, body, http, firstByte === undefined ? undefined : firstByte * 1000);
    // The same message as `was.post` sends it has another result. What the backend adds to the headers is no part of it.
    const cacheKey = (): string => `${kind} ${path}\n${JSON.stringify([...new Headers(given)])}\n\n${body}`;
    const call: RpcCall = keyedByUser({ ...sent, label, read, cacheKey }, cluster);
    return all ? startOnAll(rpc, cluster, call, { timeout }) : start(rpc, cluster, call, starting);
  };
}
