import { type Client, field, type Load, pinned, runClient } from "./load.ts";

/** @throws Error when there was none */
export function parseSTime(output: string): number {
  const connections = Number(field(output, /(\d+) connections in \d+ real seconds/)[1]);
  if (connections === 0) throw new Error(`no handshake: ${output}`);
  return connections;
}

/** New connections over TLS, full handshakes: one request each, and it is closed. As many clients as connections. */
export const handshakes: Client = {
  programs: ["openssl"],
  async drive({ port, request, connections, seconds, cpu, signal }): Promise<Load> {
    const words = [
      "s_time",
      "-connect",
      `127.0.0.1:${port}`,
      "-new",
      "-time",
      `${seconds}`,
      "-www",
      request.path,
    ];
    const one = () => runClient([...pinned(cpu), "openssl", ...words], signal);
    const all = await Promise.all(Array.from({ length: connections }, one));
    const requests = all.reduce((sum, { output }) => sum + parseSTime(output), 0);
    const cpuSeconds = all.reduce((sum, each) => sum + each.cpuSeconds, 0);
    return { requests, rate: requests / seconds, p99: Number.NaN, cpuSeconds, busy: cpuSeconds / seconds };
  },
};
