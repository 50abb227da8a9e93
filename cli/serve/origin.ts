import { SkitaiError } from "../../src/errors.ts";

/** A server to forward to. */
export interface Origin {
  readonly secure: boolean;
  /** `host[:port]`, a member of an alias. */
  readonly member: string;
  /** `""`, or what is put before the paths of requests: `/v2`. */
  readonly base: string;
}

/** @throws SkitaiError OPTION_INVALID */
export function readOrigin(text: string): Origin {
  const url = URL.parse(text);
  const isPlain =
    url !== null && url.search === "" && url.hash === "" && url.username === "" && url.password === "";
  if (!isPlain || !/^https?:$/.test(url.protocol))
    throw new SkitaiError("OPTION_INVALID", {
      name: "--to",
      value: text,
      accepted: "http://host:port or https://host:port",
    });
  return { secure: url.protocol === "https:", member: url.host, base: url.pathname.replace(/\/+$/, "") };
}
