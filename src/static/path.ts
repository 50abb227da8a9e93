export type DotFiles = "deny" | "allow";

/** PATH_MAX of Linux: nothing longer can be opened. */
const MAX_PATH = 4096;
/** Control characters, backslashes, empty and dot segments: no friendly URL has them. */
const HOSTILE = /[\0-\x1f\x7f\\]|\/\/|\/\.{1,2}(?:\/|$)/;
const WELL_KNOWN = /^\/\.well-known(?=\/|$)/;
const ENCODED_SLASH = /%2f/i;

/**
 * The path of a file below the root, decoded once: `/caf%C3%A9.txt` → `/café.txt`. `undefined` when the encoded `path`
 * cannot name a file here: malformed UTF-8, an encoded slash, a segment that climbs, or a dot file that policy hides.
 * `/.well-known/` (RFC 8615) is always open. Spec S4.
 */
export function ownPath(path: string, dotFiles: DotFiles): string | undefined {
  if (path.length > MAX_PATH || !path.startsWith("/")) return undefined;
  const decoded = path.includes("%") ? decode(path) : path;
  if (decoded === undefined || HOSTILE.test(decoded)) return undefined;
  if (dotFiles === "deny" && decoded.includes("/.") && decoded.replace(WELL_KNOWN, "").includes("/."))
    return undefined;
  return decoded;
}

function decode(path: string): string | undefined {
  if (ENCODED_SLASH.test(path)) return undefined;
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}
