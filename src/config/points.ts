import { upperEscapes } from "../http/escapes.ts";

export const acceptedPoint = 'a path like "/" or "/v1", without "..", "//", "?" or "#"';

export const isPoint = (point: unknown): point is string =>
  typeof point === "string" &&
  /^\/[^?#\s\\]*$/.test(point) &&
  !/\/\/|\/(?:\.|%2e){1,2}(?:\/|$)|%(?![\da-f]{2})/i.test(point);

/**
 * `"/v1/"` and `"/v1"` are one point, written `/v1`; the root is `""`. `"/café"` is written as it stands in requests,
 * `/caf%C3%A9`, with upper-case digits (RFC 3986 §6.2.2.1).
 */
export const normalizedPoint = (point: string): string =>
  upperEscapes(new URL(`http://host${point}`).pathname).replace(/\/$/, "");
