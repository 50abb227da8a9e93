/** How a mount maps its own paths onto an upstream's: `/search/a` on `@mysearch/v2` asks for `/v2/a`. Spec P1. */
export interface PathMap {
  /** `""` or `/search`. */
  readonly point: string;
  /** `""` or `/v2`. */
  readonly base: string;
}

/** An upstream's own path or URL, as it is called here; what lies elsewhere stays. */
export function locationHere(location: string, { point, base }: PathMap, origins: readonly string[]): string {
  const origin = origins.find((each) => location === each || location.startsWith(`${each}/`));
  const path = origin === undefined ? location : location.slice(origin.length) || "/";
  if (!path.startsWith("/") || path.startsWith("//")) return location;
  const own = below(path, base);
  // It points at something of the upstream that is not mounted.
  if (own === undefined) return location;
  return point + own || "/";
}

/** `Set-Cookie` with its `Path` as it is called here. A cookie for a path above the base is for the mount. */
export function cookieHere(cookie: string, { point, base }: PathMap): string {
  if (point === base) return cookie;
  return cookie.replace(/(;\s*path=)([^;]*)/i, (all, name: string, path: string) => {
    const own = below(path.trim(), base) ?? (base.startsWith(path.trim()) ? "/" : undefined);
    return own === undefined ? all : `${name}${point + own || "/"}`;
  });
}

/** What of a path is below the base; `undefined` when it is not. */
function below(path: string, base: string): string | undefined {
  if (base === "") return path;
  if (!path.startsWith(base)) return undefined;
  const rest = path.slice(base.length);
  return rest === "" || /^[/?#]/.test(rest) ? rest : undefined;
}
