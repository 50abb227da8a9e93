import { promises as dns } from "node:dns";
import { everyone } from "./smtp-failure.ts";
import type { Outcome } from "./envelope.ts";

/** The hosts that take mail for a domain, the first to be asked first; or why there are none. RFC 5321 5.1. */
export type Exchangers = readonly string[] | ((to: readonly string[]) => Outcome);

export async function exchangersOf(domain: string): Promise<Exchangers> {
  const literal = /^\[(?:IPv6:)?([\da-f.:]+)\]$/i.exec(domain);
  if (literal) return [literal[1]!];
  try {
    const found = await dns.resolveMx(domain);
    // RFC 7505: one record with an empty name says that nobody takes mail there.
    const hosts = found.filter(({ exchange }) => exchange !== "" && exchange !== ".");
    if (found.length > 0 && hosts.length === 0) return none("failed", `${domain} takes no mail (RFC 7505)`);
    if (hosts.length > 0) return inOrder(hosts);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOTFOUND" || code === "NXDOMAIN")
      return none("failed", `${domain}: there is no such domain`);
    if (code !== "ENODATA") return none("deferred", `${domain}: name servers do not answer (${code})`);
  }
  // No such records: the domain itself is the host.
  return [domain];
}

const none =
  (kind: "failed" | "deferred", words: string) =>
  (to: readonly string[]): Outcome =>
    everyone(to, kind, words);

/** By preference; those of one preference in any order, to share the load. */
const inOrder = (hosts: readonly { exchange: string; priority: number }[]): string[] =>
  hosts
    .map((host) => ({ ...host, die: Math.random() }))
    .sort((one, other) => one.priority - other.priority || one.die - other.die)
    .map(({ exchange }) => exchange);
