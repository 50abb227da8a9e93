import { BlockList, isIP } from "node:net";

const widths: Readonly<Record<number, number>> = { 4: 32, 6: 128 };

/** Adds `"10.0.0.0/8"`, `"::1"` … to `list`; false when it is no address or network. */
export function parseNetwork(text: string, list: BlockList): boolean {
  const [address = "", bits, ...rest] = text.split("/");
  const family = isIP(address);
  const width = widths[family];
  if (width === undefined || rest.length > 0) return false;
  const prefix = bits === undefined ? width : /^\d{1,3}$/.test(bits) ? Number(bits) : Infinity;
  if (prefix > width) return false;
  list.addSubnet(address, prefix, family === 4 ? "ipv4" : "ipv6");
  return true;
}

/** A dual-stack socket shows IPv4 peers as `::ffff:10.0.0.1`: the plain address. */
export const plainAddress = (address: string): string =>
  address.startsWith("::ffff:") ? address.slice(7) : address;

/** Whether an address is in one of the networks (CIDR or single addresses, both families). */
export function networkMatcher(networks: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const network of networks) parseNetwork(network, list);
  return (address) => list.check(address, address.includes(":") ? "ipv6" : "ipv4");
}
