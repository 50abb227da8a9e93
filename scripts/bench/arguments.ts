import { parseArgs } from "node:util";
import { cases } from "./cases.ts";
import { type ServerName, serverNames, servers } from "./servers/registry.ts";

export interface Arguments {
  readonly cases: readonly string[];
  readonly peers: readonly ServerName[] | undefined;
  readonly rounds: number;
  readonly seconds: number;
  readonly binary: string | undefined;
  readonly json: string | undefined;
  readonly markdown: boolean;
  readonly help: boolean;
}

const options = {
  case: { type: "string", multiple: true },
  peer: { type: "string", multiple: true },
  rounds: { type: "string", default: "5" },
  seconds: { type: "string", default: "3" },
  binary: { type: "string" },
  json: { type: "string" },
  markdown: { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
} as const;

function natural(flag: string, text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new Error(`--${flag} ${text}: a whole number above 0 is needed`);
  return Number(text);
}

/** Names given as `--x a --x b` or `--x a,b`, all of which must be known. */
function names<N extends string>(flag: string, given: readonly string[] | undefined, known: readonly N[]) {
  return given
    ?.flatMap((text) => text.split(","))
    .map((name) => {
      const found = known.find((one) => one === name);
      if (found === undefined) throw new Error(`--${flag} ${name}: known are ${known.join(", ")}`);
      return found;
    });
}

/** @throws Error with one line that says what is wrong */
export function parseArguments(argv: readonly string[]): Arguments {
  const { values } = parseArgs({ args: [...argv], options, strict: true });
  const peers = serverNames.filter((name) => !servers[name].ours);
  return {
    cases: names("case", values.case, Object.keys(cases)) ?? Object.keys(cases),
    peers: names("peer", values.peer, peers),
    rounds: natural("rounds", values.rounds),
    seconds: natural("seconds", values.seconds),
    binary: values.binary,
    json: values.json,
    markdown: values.markdown,
    help: values.help,
  };
}

const list = (rows: readonly (readonly [string, string])[]): string =>
  rows.map(([name, about]) => `  ${name.padEnd(26)} ${about}\n`).join("");

/** Text of `--help`. */
export const help = (): string => `Usage: bun scripts/bench/main.ts [flags]

Starts servers, ours and peers, drives each in turn with wrk for several rounds, and prints requests a second, latency,
CPU for each request of all processes of the server, memory, ratios to peers, and whether the bars are met. The machine
should have nothing else to do. Needs wrk, taskset and Linux; nginx, caddy, node and npm for those peers (npm installs
fastify and pm2 into .cache/bench). What cannot be had is skipped by name. Exits with 1 when a bar is missed or could
not be measured, with 2 when the run itself failed or was stopped.

Flags:
  --case NAME,NAME…   cases to run; can be repeated; default all
  --peer NAME,NAME…   peers to run beside ours; can be repeated; default all
  --rounds N          rounds of each case, 5; the order of servers is reversed on every second one
  --seconds N         seconds of load for each server and round, 3
  --binary FILE       single-file binary made from scripts/bench/programs/skitai-hello.ts, for the start case
  --json FILE         write everything measured, every round
  --markdown          tables as Markdown
  --help              this text

Cases:
${list(Object.entries(cases).map(([name, one]) => [name, one.about]))}
Servers:
${list(serverNames.map((name) => [name, `${servers[name].about}${servers[name].log ? "; access log" : ""}`]))}`;
