import { SkitaiError } from "../errors.ts";
import { WS_CHANNEL, WS_GROUPCHAT, WS_NOTHREAD, WS_SESSION, WS_THREADSAFE } from "./specs.ts";

/** How messages of one connection are handled. */
export interface Design {
  readonly group: boolean;
  readonly session: boolean;
  /** One after the other. */
  readonly ordered: boolean;
}

const known = WS_GROUPCHAT | WS_NOTHREAD | WS_SESSION | WS_THREADSAFE;
const kinds = 31;

/** @throws SkitaiError OPTION_INVALID for a value that is no OR of the constants */
export function designOf(spec: number): Design {
  const kind = spec & kinds;
  const valid =
    Number.isInteger(spec) &&
    spec > 0 &&
    (spec & ~known) === 0 &&
    (kind === 0 || kind === WS_CHANNEL || kind === WS_GROUPCHAT);
  if (!valid)
    throw new SkitaiError("OPTION_INVALID", {
      name: "spec of a websocket",
      value: spec,
      accepted: "WS_SIMPLE, WS_CHANNEL, WS_GROUPCHAT, with WS_SESSION, WS_THREADSAFE or WS_NOTHREAD by |",
    });
  return {
    group: kind === WS_GROUPCHAT,
    session: (spec & WS_SESSION) !== 0,
    ordered: (spec & WS_NOTHREAD) === 0 || (spec & WS_THREADSAFE) !== 0,
  };
}
