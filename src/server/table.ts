import type { Scope } from "../context.ts";
import type { ErrorHandler } from "../config/mount-types.ts";
import { upperEscapes } from "../http/escapes.ts";
import type { Mount } from "../mounts/mount.ts";
import type { BodyLimits } from "./body-guard.ts";

/** A mount in its place: what a request needs to know of it is made at start. */
export interface Entry {
  /** `""` for `/`, else `/v1`. */
  readonly point: string;
  readonly mount: Mount;
  readonly scope: Scope;
  readonly limits: BodyLimits;
  readonly onError: ErrorHandler | undefined;
}

/** An entry as declared: where it answers, and for which hosts. */
export interface Placed extends Entry {
  /** Lower-case patterns; empty is the default host. */
  readonly hosts: readonly string[];
}

/** The entries to ask in turn, with the point that matched. */
export interface Chain {
  readonly point: string;
  readonly entries: readonly Entry[];
  /** Whether `/v1` itself is answered, instead of redirected to `/v1/`. */
  readonly exact: boolean;
}

/** Chains of one host by first path segment; the longest point first. */
class PathTable {
  readonly #bySegment = new Map<string, Chain[]>();
  readonly #root: Chain;
  /** Points are written with upper-case escapes; requests need not be. */
  readonly #escaped: boolean;

  constructor(entries: readonly Placed[]) {
    const points = [...new Set(entries.map(({ point }) => point))].sort((a, b) => b.length - a.length);
    for (const point of points.filter(Boolean)) {
      const segment = firstSegment(point);
      const chains = this.#bySegment.get(segment) ?? [];
      chains.push(chainAt(point, entries));
      this.#bySegment.set(segment, chains);
    }
    this.#root = chainAt("", entries);
    this.#escaped = points.some((point) => point.includes("%"));
  }

  /** A path that an upstream would take for one of another mount, which may let in others, is nobody's. */
  match(given: string): Chain {
    const chain = this.#find(given);
    const doubtful = chain.entries[0]?.mount.relays === true && doubts.test(given);
    return doubtful && this.#find(asUpstreams(given)).point !== chain.point ? nobodys : chain;
  }

  #find(given: string): Chain {
    if (this.#bySegment.size === 0) return this.#root;
    const path = this.#escaped ? upperEscapes(given) : given;
    const chains = this.#bySegment.get(firstSegment(path));
    if (chains !== undefined) {
      for (const chain of chains) if (isBelow(path, chain.point)) return chain;
    }
    return this.#root;
  }
}

const nobodys: Chain = { point: "", entries: [], exact: true };
/** What servers read in several ways: escapes, parameters, empty segments. */
const doubts = /[%;]|\/\//;
/** Letters, digits, `-._~` and what divides paths; points are not written with these (RFC 3986 §6.2.2.2). */
const needless = /%(?:2[def]|3[0-9b]|4[1-9a-f]|5[0-9acf]|6[1-9a-f]|7[0-9ae])/gi;

const asUpstreams = (path: string): string =>
  path
    .replace(needless, (escape) => String.fromCharCode(Number.parseInt(escape.slice(1), 16)))
    .replace(/;[^/]*/g, "")
    .replace(/[/\\]+/g, "/");

function chainAt(point: string, placed: readonly Placed[]): Chain {
  const entries = chainFor(point, placed);
  return { point, entries, exact: point === "" || entries.every(({ mount }) => mount.exact === true) };
}

function firstSegment(path: string): string {
  const end = path.indexOf("/", 1);
  return end < 0 ? path : path.slice(0, end);
}

const isBelow = (path: string, point: string): boolean =>
  path.startsWith(point) && (path.length === point.length || path.charCodeAt(point.length) === 47);

/**
 * What answers at and below `point`: the directories of the deepest point that has some, then the deepest app.
 * Longest point first; on one point a static file wins over the app, and of two mounts of a kind the later
 * wins. A directory above an app's point is not asked. Spec E5, reference: vhost_handler.
 */
function chainFor(point: string, entries: readonly Placed[]): Entry[] {
  const above = entries.filter((entry) => entry.point === "" || isBelow(point, entry.point));
  const app = deepest(above.filter(({ mount }) => !mount.final)).at(0);
  const directories = deepest(above.filter(({ mount }) => mount.final));
  const asked = app && directories[0] && directories[0].point.length < app.point.length ? [] : directories;
  return app ? [...asked, app] : asked;
}

/** Those on the longest point, the last declared first. */
function deepest(entries: readonly Placed[]): Placed[] {
  const length = Math.max(...entries.map(({ point }) => point.length));
  return entries.filter(({ point }) => point.length === length).reverse();
}

/** Host and path to mounts, made once at start. Virtual hosts cost nothing when there are none. Spec E5, E6. */
export class MountTable {
  readonly #default: PathTable;
  readonly #hosts = new Map<string, PathTable>();
  readonly #suffixes: { suffix: string; table: PathTable }[] = [];

  constructor(placed: readonly Placed[]) {
    this.#default = new PathTable(placed.filter(({ hosts }) => hosts.length === 0));
    for (const host of new Set(placed.flatMap(({ hosts }) => hosts))) {
      const table = new PathTable(placed.filter(({ hosts }) => hosts.includes(host)));
      const suffix = host.startsWith("*.") ? host.slice(1) : host.startsWith(".") ? host : undefined;
      if (suffix) this.#suffixes.push({ suffix, table });
      else this.#hosts.set(host, table);
    }
    this.#suffixes.sort((a, b) => b.suffix.length - a.suffix.length);
  }

  /** @param host as sent, with or without port; unknown ones get the default host. */
  match(host: string, path: string): Chain {
    return this.#tableOf(host).match(path);
  }

  #tableOf(host: string): PathTable {
    if (this.#hosts.size === 0 && this.#suffixes.length === 0) return this.#default;
    const known = host.toLowerCase();
    const colon = known.lastIndexOf(":");
    const bare = colon > 0 && !known.endsWith("]") ? known.slice(0, colon) : known;
    // Absolute names end with a dot.
    const name = bare.endsWith(".") ? bare.slice(0, -1) : bare;
    return (
      this.#hosts.get(name) ??
      this.#suffixes.find(({ suffix }) => name.endsWith(suffix))?.table ??
      this.#default
    );
  }
}

/** Own path of an entry: the request path without its point, at least `/`. */
export const ownPath = (path: string, point: string): string =>
  point === "" ? path : path.slice(point.length) || "/";
