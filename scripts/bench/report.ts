import { type Verdict, verdicts } from "./bars.ts";
import type { LoadCase } from "./case.ts";
import type {
  LoadResult,
  LoadServer,
  MemoryResult,
  MeterResult,
  RestResult,
  Result,
  RiseResult,
  StartResult,
} from "./result.ts";
import { servers } from "./servers/registry.ts";
import { median, ratio, short } from "./statistics.ts";
import { markdown, plain, type Table } from "./table.ts";

/** wrk busier than this limits the rate itself. */
const SATURATED = 0.9;

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);
const middle = (server: LoadServer, of: "rate" | "p99" | "cpu" | "loadBusy"): number =>
  median(server.samples.map((sample) => sample[of]));
const cpu = (server: LoadServer): number[] => server.samples.map((sample) => sample.cpu);

function ratioCell(server: LoadServer, base: LoadServer | undefined): string {
  if (base === undefined || base === server) return base ? "1" : "-";
  const { median: value, low, high } = ratio(cpu(server), cpu(base));
  return `${value.toFixed(2)} [${low.toFixed(2)}..${high.toFixed(2)}]`;
}

function loadRow(server: LoadServer, result: LoadResult): string[] {
  const memory = server.memory.reduce((sum, bytes) => sum + bytes, 0);
  return [
    server.server,
    servers[server.server].log ? "full" : "none",
    `${middle(server, "rate").toFixed(0)}${middle(server, "loadBusy") > SATURATED ? "*" : ""}`,
    Number.isNaN(middle(server, "p99")) ? "-" : middle(server, "p99").toFixed(2),
    middle(server, "cpu").toFixed(2),
    `${megabytes(memory)} (${server.memory.map(megabytes).join(" + ")})`,
    ...result.case.bases.map((base) =>
      ratioCell(
        server,
        result.servers.find((one) => one.server === base),
      ),
    ),
  ];
}

const loadTable = (result: LoadResult): Table => [
  [
    "server",
    "log",
    "req/s",
    "p99 ms",
    "CPU µs/req",
    "PSS MB",
    ...result.case.bases.map((base) => `CPU x ${base}`),
  ],
  ...result.servers.map((server) => loadRow(server, result)),
];

const memoryTable = (result: MemoryResult): Table => [
  ["server", "first process MB", "largest other MB", "all MB", "processes"],
  ...result.servers.map(({ server, master, worker, total, processes }) => [
    server,
    megabytes(master),
    worker === undefined ? "-" : megabytes(worker),
    megabytes(total),
    `${processes}`,
  ]),
];

const startTable = (result: StartResult): Table => [
  ["server", "first answer ms", "least", "most"],
  ...result.servers.map(({ server, times }) => [
    server,
    ...[median(times), Math.min(...times), Math.max(...times)].map((time) => time.toFixed(1)),
  ]),
];

const riseTable = (result: RiseResult): Table => [
  ["server", "above rest MB", "least", "most"],
  ...result.servers.map(({ server, rises }) => [
    server,
    ...[median(rises), Math.min(...rises), Math.max(...rises)].map(megabytes),
  ]),
];

const restTable = (result: RestResult): Table => [
  ["server", "first process %", "others %"],
  ...result.servers.map(({ server, percents: [first = 0, ...others] }) => [
    server,
    first.toFixed(3),
    others.map((percent) => percent.toFixed(3)).join(" ") || "-",
  ]),
];

function meterTable({ servers: measured }: MeterResult): Table {
  const names = Object.keys(measured[0]?.samples[0] ?? {});
  const cell = (values: readonly number[]): string => {
    const [middle, low, high] = [median(values), Math.min(...values), Math.max(...values)].map(short);
    return `${middle} [${low}..${high}]`;
  };
  return [
    ["server", ...names],
    ...measured.map(({ server, samples }) => [
      server,
      ...names.map((name) => cell(samples.map((sample) => sample[name] ?? Number.NaN))),
    ]),
  ];
}

function tableOf(result: Result): Table {
  switch (result.kind) {
    case "load":
      return loadTable(result);
    case "memory":
      return memoryTable(result);
    case "start":
      return startTable(result);
    case "rise":
      return riseTable(result);
    case "rest":
      return restTable(result);
    case "meter":
      return meterTable(result);
  }
}

const loadConditions = ({ client = "wrk", connections, pinned }: LoadCase): string =>
  `${connections} connections, ${pinned ? `server on CPU 0, ${client} on CPU 1` : `server and ${client} on all CPUs`}`;

/** Above this the machine was not ours, and numbers are to be taken with care. */
const DISTURBED = 0.05;

function disturbance({ servers: measured }: LoadResult): string[] {
  const others = median(measured.flatMap(({ samples }) => samples.map((sample) => sample.others)));
  return others > DISTURBED
    ? [`other processes took ${others.toFixed(2)} CPUs meanwhile: repeat on a quiet machine`]
    : [];
}

function notes(result: Result, found: readonly Verdict[]): string[] {
  return [
    ...found.map((one) => one.text),
    ...result.skipped.map(({ server, reason }) => `${server} skipped: ${reason}`),
    ...(result.kind === "load" ? disturbance(result) : []),
  ];
}

/** One case as text: what it is, a table, a line for each bar and for each server that was skipped. */
export function report(result: Result, format: "plain" | "markdown"): string {
  const { name, case: one } = result;
  const about = one.kind === "load" ? `${one.about} (${loadConditions(one)})` : one.about;
  const lines = notes(result, verdicts(result));
  if (format === "plain")
    return `\n${name}: ${about}\n${plain(tableOf(result))}${lines.map((line) => `  ${line.replaceAll("\n", "\n    ")}\n`).join("")}`;
  const list = lines.map((line) => `- ${line.split("\n", 1)[0]}\n`).join("");
  return `\n**${name}**: ${about}\n\n${markdown(tableOf(result))}${list}`;
}

/** How to read the tables. */
export const legend = `CPU: user and system time of all processes of the server for each request.
x: median of the ratios of rounds [least..greatest].
*: the client was busy over 90 % of the time, so req/s is its limit and not the server's.
PSS: sum of all processes (each, the first one first); servers of one case are up together, and those on Bun share its
pages, so under load it is too small for them. In memory-idle each is alone.`;
