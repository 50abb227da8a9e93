import type { AliasOptions } from "../config/alias-options.ts";
import { SkitaiError } from "../errors.ts";
import { networkMatcher, parseNetwork } from "../http/network.ts";
import { BlockList } from "node:net";

/** What of an alias a gateway looks at. */
export interface GuardedAlias {
  /** With its `@`. */
  readonly name: string;
  readonly options: Pick<AliasOptions, "role" | "source">;
}

/** Who may use an alias. Spec G2. */
export interface AliasPolicy {
  /** `undefined` when every address may. */
  readonly source: ((address: string) => boolean) | undefined;
  /** One of these is needed; `undefined` when any role will do. */
  readonly roles: ReadonlySet<string> | undefined;
}

/** @throws SkitaiError ALIAS_INVALID for a network that is none: it would shut out everybody, or nobody */
export function aliasPolicy({ name, options: { role, source } }: GuardedAlias): AliasPolicy {
  const networks = listOf(name, "source", source).map(wholeNetwork);
  const wrong = networks.find((network) => !parseNetwork(network, new BlockList()));
  if (wrong !== undefined) refuse(name, wrong, 'source as addresses and networks like "10.0.0.0/8, ::1"');
  const roles = listOf(name, "role", role);
  return {
    source: networks.length === 0 ? undefined : networkMatcher(networks),
    roles: roles.length === 0 ? undefined : new Set(roles),
  };
}

/** A list, or a text with commas. */
function listOf(name: string, option: string, given: unknown): readonly string[] {
  const parts: readonly unknown[] = given === undefined ? [] : [given].flat();
  const isList = parts.every((part) => typeof part === "string");
  if (!isList) return refuse(name, given, `${option} as text, or a list of texts`);
  const list = parts.flatMap((part) => part.split(",")).map((part) => part.trim());
  // `source: ""` is none; `source: "10.0.0.0/8,"` is a slip of the pen.
  if (list.length <= 1) return list.filter((part) => part !== "");
  return list.includes("") ? refuse(name, given, `${option} without empty parts`) : list;
}

/** `192.168.1/24` as people write it. */
function wholeNetwork(network: string): string {
  const [, octets, bits] = /^(\d{1,3}(?:\.\d{1,3}){0,2})\/(\d+)$/.exec(network) ?? [];
  return octets === undefined ? network : `${octets}${".0".repeat(4 - octets.split(".").length)}/${bits}`;
}

function refuse(name: string, value: unknown, accepted: string): never {
  throw new SkitaiError("ALIAS_INVALID", { name: `alias("${name}")`, value, accepted });
}
