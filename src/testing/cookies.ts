interface Entry {
  readonly cookie: Bun.Cookie;
  readonly domain: string;
  readonly hostOnly: boolean;
  readonly path: string;
  /** Milliseconds since the epoch; infinite for a session cookie. */
  readonly expires: number;
}

/** Where a request goes, as the cookie rules see it. */
export interface CookieTarget {
  /** Lower case, without a port. */
  readonly host: string;
  readonly path: string;
  readonly secure: boolean;
}

/** The cookies of one client: RFC 6265 section 5, without a list of public suffixes. */
export class CookieJar implements Iterable<Bun.Cookie> {
  readonly #entries = new Map<string, Entry>();

  /** The value of the cookie with this name, the one with the longest path when there are several. */
  get(name: string): string | undefined {
    return this.#live().find(({ cookie }) => cookie.name === name)?.cookie.value;
  }

  /** Forgets all cookies. */
  clear(): void {
    this.#entries.clear();
  }

  *[Symbol.iterator](): IterableIterator<Bun.Cookie> {
    for (const { cookie } of this.#live()) yield cookie;
  }

  /** Takes over the `Set-Cookie` headers of an answer from `target`; what a browser would refuse is ignored. */
  store(headers: readonly string[], target: CookieTarget): void {
    for (const header of headers) {
      const entry = parse(header, target);
      if (entry === undefined) continue;
      const key = `${entry.domain};${entry.path};${entry.cookie.name}`;
      if (entry.expires > Date.now()) this.#entries.set(key, entry);
      else this.#entries.delete(key);
    }
  }

  /** The value of the `Cookie` header for a request to `target`, or `undefined`. */
  header(target: CookieTarget): string | undefined {
    const pairs = this.#live()
      .filter((entry) => applies(entry, target))
      .map(({ cookie }) => `${cookie.name}=${cookie.value}`);
    return pairs.length === 0 ? undefined : pairs.join("; ");
  }

  /** Longer paths first, then older ones (section 5.4); a stable sort keeps the order of insertion. */
  #live(): Entry[] {
    const now = Date.now();
    return [...this.#entries.values()]
      .filter(({ expires }) => expires > now)
      .sort((one, other) => other.path.length - one.path.length);
  }
}

function parse(header: string, target: CookieTarget): Entry | undefined {
  const cookie = parseCookie(header);
  if (cookie === undefined || (cookie.secure && !target.secure)) return undefined;
  const domain = cookie.domain?.replace(/^\./, "").toLowerCase();
  if (domain && !domainMatches(target.host, domain)) return undefined;
  return {
    cookie,
    domain: domain || target.host,
    hostOnly: !domain,
    // Bun answers "/" both for `Path=/` and for no path, which is another thing (section 5.2.4).
    path: /;\s*path\s*=\s*\//i.test(header) ? cookie.path : defaultPath(target.path),
    expires: expiry(cookie),
  };
}

function parseCookie(header: string): Bun.Cookie | undefined {
  try {
    return Bun.Cookie.parse(header);
  } catch {
    return undefined;
  }
}

function expiry({ maxAge, expires }: Bun.Cookie): number {
  if (maxAge !== undefined) return maxAge <= 0 ? 0 : Date.now() + maxAge * 1000;
  return expires?.getTime() ?? Number.POSITIVE_INFINITY;
}

function applies(entry: Entry, { host, path, secure }: CookieTarget): boolean {
  if (entry.cookie.secure && !secure) return false;
  if (entry.hostOnly ? entry.domain !== host : !domainMatches(host, entry.domain)) return false;
  return pathMatches(path, entry.path);
}

/** Section 5.1.3; an address is no parent of anything. */
function domainMatches(host: string, domain: string): boolean {
  return host === domain || (host.endsWith(`.${domain}`) && !/^[\d.]+$|:/.test(host));
}

/** Section 5.1.4. */
function pathMatches(path: string, prefix: string): boolean {
  return (
    path === prefix || (path.startsWith(prefix) && (prefix.endsWith("/") || path[prefix.length] === "/"))
  );
}

/** Section 5.1.4: up to the last slash, without it. */
function defaultPath(path: string): string {
  return path.slice(0, path.lastIndexOf("/")) || "/";
}
