import { readFile } from "node:fs/promises";

/** Peers (as the kernel writes them) whose handshake with `port` has begun and not ended: SYN_RECV of proc_net_tcp(5). */
export async function openHandshakes(port: number): Promise<Set<string>> {
  const local = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const tables = await Promise.all(
    ["/proc/self/net/tcp", "/proc/self/net/tcp6"].map((path) => readFile(path, "latin1").catch(() => "")),
  );
  const peers = new Set<string>();
  for (const line of tables.join("\n").split("\n")) {
    const [, own, peer, state] = line.trimStart().split(/ +/, 4);
    if (state === "03" && peer !== undefined && own?.endsWith(local)) peers.add(peer);
  }
  return peers;
}
