/** Longer ones are not kept: what a client may make the store hold has an end. */
export const longestKey = 8 * 1024;

const parts = /^(https?):\/\/([^/?#@\\\s]+)(\/[^#\s]*|\?[^#\s]*)?$/i;
const defaultPorts: Readonly<Record<string, string>> = { http: ":80", https: ":443" };

/**
 * What a URL is kept by: scheme and host in lower case, without a default port; path and query are exactly what is
 * forwarded, neither decoded nor sorted nor resolved, so that what is kept is what the upstream answered to (no
 * `..;/x.css`). `undefined`: it is none that is kept.
 */
export function keyOf(url: string): string | undefined {
  if (url.length > longestKey) return undefined;
  const match = parts.exec(url);
  if (match === null) return undefined;
  const scheme = match[1]!.toLowerCase();
  const port = defaultPorts[scheme]!;
  const host = match[2]!.toLowerCase();
  const path = match[3] ?? "/";
  const origin = host.endsWith(port) ? host.slice(0, -port.length) : host.replace(/:$/, "");
  return `${scheme}://${origin}${path[0] === "?" ? `/${path}` : path}`;
}

/**
 * A URL as this service itself asks others for it. Clients choose by `Host` what URL they ask us for: what we answer them must
 * not be taken for what somebody else answers to it. No `Host` has a `*`.
 */
export const outgoing = (url: string): string => url.replace("://", "://*");

/** The URL of a key, whoever asked for it. */
export const plain = (key: string): string => key.replace("://*", "://");

/** `https://example.com` of a key. */
export const originOf = (key: string): string => key.slice(0, key.indexOf("/", key.indexOf("//") + 2));
