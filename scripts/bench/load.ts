import { join } from "node:path";
import type { Request } from "./case.ts";

/** What Chrome sends on a navigation, besides Host. */
const browserHeaders: Readonly<Record<string, string>> = {
  "sec-ch-ua": '"Chromium";v="138", "Google Chrome";v="138", "Not)A;Brand";v="8"',
  "sec-ch-ua-mobile": "?0",
  "sec-ch-ua-platform": '"Linux"',
  "Upgrade-Insecure-Requests": "1",
  "User-Agent":
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36",
  Accept: "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
  "Sec-Fetch-Site": "same-origin",
  "Sec-Fetch-Mode": "navigate",
  "Sec-Fetch-Dest": "document",
  Referer: "http://www.example.com/catalogue/index.html",
  "Accept-Encoding": "gzip, deflate, br, zstd",
  "Accept-Language": "en-GB,en;q=0.9,de;q=0.8",
};

/** Headers to add to those of the client. */
export const headersOf = (request: Request): Record<string, string> => ({
  ...(request.host && { Host: request.host }),
  ...(request.headers === "browser" && browserHeaders),
  ...(request.authorization && { Authorization: request.authorization }),
});

export interface LoadOptions {
  readonly port: number;
  readonly request: Request;
  readonly connections: number;
  readonly seconds: number;
  readonly signal: AbortSignal;
  /** Run the client on this CPU only. */
  readonly cpu: number | undefined;
}

/** What a client says of one run. */
export interface Load {
  readonly requests: number;
  /** Per second. */
  readonly rate: number;
  /** 99th percentile of latency, ms; NaN where the client does not say. */
  readonly p99: number;
  /** CPU seconds that the client itself took, and the part of the time it was busy, 0 to 1. */
  readonly cpuSeconds: number;
  readonly busy: number;
}

/** A program that asks. */
export interface Client {
  /** Programs that must be on PATH. */
  readonly programs: readonly string[];
  /** Sends one request over and over for the given time. @throws Error on wrong answers and broken connections */
  drive(options: LoadOptions): Promise<Load>;
}

const units: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

export function field(output: string, pattern: RegExp): RegExpExecArray {
  const match = pattern.exec(output);
  if (!match) throw new Error(`the client's output lacks ${pattern}: ${output}`);
  return match;
}

/** Reads the output of `wrk --latency`. @throws Error on answers other than 2xx and 3xx, and on socket errors */
export function parse(output: string): Pick<Load, "requests" | "rate" | "p99"> {
  const wrong = /Non-2xx or 3xx responses: .*|Socket errors: .*/.exec(output);
  if (wrong) throw new Error(wrong[0]);
  const [, requests] = field(output, /(\d+) requests in /);
  const [, rate] = field(output, /Requests\/sec: +([\d.]+)/);
  const [, latency, unit = ""] = field(output, /99% +([\d.]+)(us|ms|s|m|h)/);
  return {
    requests: Number(requests),
    rate: Number(rate),
    p99: Number(latency) * (units[unit] ?? Number.NaN),
  };
}

const turnScript = join(import.meta.dir, "programs", "turn.lua");

function commandOf({ port, request, connections, seconds, cpu }: LoadOptions): string[] {
  const headers = Object.entries(headersOf(request)).flatMap(([name, value]) => ["-H", `${name}: ${value}`]);
  const size = ["-t1", `-c${connections}`, `-d${seconds}s`, "--latency", "--timeout", "10s"];
  const script = request.paths === undefined ? [] : ["-s", turnScript];
  const turn = request.paths === undefined ? [] : ["--", `${request.paths}`];
  return [
    ...pinned(cpu),
    "wrk",
    ...size,
    ...headers,
    ...script,
    `http://127.0.0.1:${port}${request.path}`,
    ...turn,
  ];
}

export const pinned = (cpu: number | undefined): string[] =>
  cpu === undefined ? [] : ["taskset", "-c", `${cpu}`];

/** Runs a client to its end. */
export async function runClient(argv: readonly string[], signal: AbortSignal) {
  const client = Bun.spawn([...argv], { stdio: ["ignore", "pipe", "pipe"], signal });
  const [output, errors, status] = await Promise.all([
    client.stdout.text(),
    client.stderr.text(),
    client.exited,
  ]);
  if (status !== 0) throw new Error(`${argv.join(" ")} ended with ${status}: ${errors || output}`);
  return { output, cpuSeconds: Number(client.resourceUsage()?.cpuTime.total ?? 0) / 1e6 };
}

/** Keep-alive connections of HTTP/1.1. */
export const wrk: Client = {
  programs: ["wrk"],
  async drive(options) {
    const { output, cpuSeconds } = await runClient(commandOf(options), options.signal);
    return { ...parse(output), cpuSeconds, busy: cpuSeconds / options.seconds };
  },
};
