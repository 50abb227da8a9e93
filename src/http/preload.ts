/** What a browser has to know of a resource to load it ahead (Fetch, "destination"), by the ending of its path. */
const destinations: Readonly<Record<string, string>> = {
  css: "style",
  js: "script",
  mjs: "script",
  woff: "font",
  woff2: "font",
  avif: "image",
  gif: "image",
  jpg: "image",
  jpeg: "image",
  png: "image",
  svg: "image",
  webp: "image",
};

/**
 * One value of a `Link` header that lets a client load `uri` ahead (RFC 8288 §3). What a URI cannot contain is escaped, so
 * that nothing ends the link or the header.
 */
export function preloadLink(uri: string): string {
  const target = uri.toWellFormed().replace(/[^!#-;=?-[\]_a-z~]/gu, encodeURIComponent);
  const destination = destinations[/\.(\w+)(?:[?#]|$)/.exec(uri)?.[1]?.toLowerCase() ?? ""];
  const type = destination === undefined ? "" : `; as=${destination}`;
  // Fonts are fetched without credentials, so the preload has to be as well.
  return `<${target}>; rel=preload${type}${destination === "font" ? "; crossorigin" : ""}`;
}
