import { type Client, field, headersOf, type Load, pinned, runClient } from "./load.ts";

/** Streams of a connection at a time. */
const STREAMS = 10;

/** @throws Error on answers other than 2xx, and on failed streams */
export function parseH2load(output: string): Pick<Load, "requests" | "rate" | "p99"> {
  const [, succeeded, failed, errored] = field(output, /(\d+) succeeded, (\d+) failed, (\d+) errored/);
  const [, good] = field(output, /status codes: (\d+) 2xx/);
  if (failed !== "0" || errored !== "0") throw new Error(field(output, /requests: .*/)[0]);
  if (Number(good) < Number(succeeded)) throw new Error(field(output, /status codes: .*/)[0]);
  const [, rate] = field(output, /finished in [^,]+, ([\d.]+) req\/s/);
  return { requests: Number(succeeded), rate: Number(rate), p99: Number.NaN };
}

/** HTTP/2, over TLS or by prior knowledge. */
export const h2load: Client = {
  programs: ["h2load"],
  async drive({ port, request, connections, seconds, cpu, signal }) {
    const headers = Object.entries(headersOf(request)).flatMap(([name, value]) => [
      "-H",
      `${name}: ${value}`,
    ]);
    const size = ["-t1", `-c${connections}`, `-m${STREAMS}`, `-D${seconds}`, "--warm-up-time=0"];
    const url = `${request.secure ? "https" : "http"}://127.0.0.1:${port}${request.path}`;
    const { output, cpuSeconds } = await runClient(
      [...pinned(cpu), "h2load", ...size, ...headers, url],
      signal,
    );
    return { ...parseH2load(output), cpuSeconds, busy: cpuSeconds / seconds };
  },
};
