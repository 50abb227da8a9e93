import type { Coding } from "../http/accept-encoding.ts";
import type { Validators } from "../http/conditional.ts";
import { formatHttpDate } from "../http/http-date.ts";
import type { Content } from "./source.ts";

/** What a file's representations have in common. */
export interface Traits {
  readonly type: string;
  /** Milliseconds since the epoch of the original. */
  readonly mtime: number;
  /** Whether Accept-Encoding may lead to another representation. */
  readonly negotiated: boolean;
  /** Seconds; `undefined` or 0: no caching headers. */
  readonly maxAge: number | undefined;
}

/** One thing that can be sent for a file, its headers made once: a hit copies them and makes none. */
export class Representation implements Validators {
  readonly etag: string;
  readonly lastModified: number | undefined;
  readonly size: number;
  readonly type: string;
  readonly coding: Coding | undefined;
  readonly content: Content;
  /** For `new Response(body, init)`: status 200, Content-Length included, which HEAD needs and Bun corrects on GET. */
  readonly init: { readonly headers: Headers };
  readonly #maxAge: number;
  #notModified: { status: 304; headers: Headers } | undefined;

  /** `tag`: without quotes. A coded representation gets a strong tag of its own (RFC 9110 §8.8.3.3). */
  constructor(content: Content, tag: string, traits: Traits, coding?: Coding) {
    this.content = content;
    this.coding = coding;
    this.size = content.body.size;
    this.type = traits.type;
    this.etag = coding === undefined ? `"${tag}"` : `"${tag}-${coding}"`;
    this.lastModified = lastModifiedOf(traits.mtime);
    this.#maxAge = traits.maxAge ?? 0;
    this.init = { headers: this.#headers(traits.negotiated) };
    this.refresh();
  }

  /** Brings Expires up to date. */
  refresh(): void {
    if (this.#maxAge <= 0) return;
    this.init.headers.set("expires", formatHttpDate(Date.now() + this.#maxAge * 1000));
    this.#notModified = undefined;
  }

  /** What a 304 says: validators, caching and Vary (RFC 9110 §15.4.5), nothing about a body. */
  get notModified(): ResponseInit {
    return (this.#notModified ??= { status: 304, headers: without(this.init.headers, BODY_FIELDS) });
  }

  /** The headers of a 200 without those that speak of the whole body, for a 206. */
  partialHeaders(): Headers {
    return without(this.init.headers, ["content-length"]);
  }

  #headers(negotiated: boolean): Headers {
    const headers = new Headers({
      "content-type": this.type,
      "content-length": String(this.size),
      etag: this.etag,
      "x-content-type-options": "nosniff",
    });
    if (this.lastModified !== undefined) headers.set("last-modified", formatHttpDate(this.lastModified));
    if (this.coding === undefined) headers.set("accept-ranges", "bytes");
    else headers.set("content-encoding", this.coding);
    // Without one, Bun names some downloads after the file it was given: here a descriptor, `filename="16"`.
    if (!this.content.inMemory) headers.set("content-disposition", "inline");
    if (negotiated) headers.set("vary", "Accept-Encoding");
    if (this.#maxAge > 0) headers.set("cache-control", `max-age=${this.#maxAge}`);
    return headers;
  }
}

const BODY_FIELDS = [
  "content-type",
  "content-length",
  "content-encoding",
  "accept-ranges",
  "x-content-type-options",
];

function without(headers: Headers, names: readonly string[]): Headers {
  const rest = new Headers(headers);
  for (const name of names) rest.delete(name);
  return rest;
}

/** A server must not send a Last-Modified later than Date (RFC 9110 §8.8.2.1): a file from the future has none. */
function lastModifiedOf(mtime: number): number | undefined {
  return mtime > Date.now() ? undefined : Math.floor(mtime / 1000) * 1000;
}
