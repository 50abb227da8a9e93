import type { MemoryBar, MeterBar, RatioBar, RestBar, RiseBar, StartBar } from "./case.ts";
import type {
  LoadServer,
  MemoryResult,
  MeterResult,
  RestResult,
  Result,
  RiseResult,
  StartResult,
} from "./result.ts";
import { median, ratio, short } from "./statistics.ts";

export interface Verdict {
  /** `unmeasured`: a server it needs was skipped. */
  readonly state: "met" | "missed" | "unmeasured";
  readonly text: string;
}

const verdict = (bar: string, value: number | undefined, limit: number, measured: string): Verdict => {
  if (value === undefined) return { state: "unmeasured", text: `${bar}: not measured` };
  const state = value <= limit ? "met" : "missed";
  return { state, text: `${bar}: ${state}, ${measured}` };
};

const samples = (server: LoadServer, of: "cpu" | "p99"): number[] =>
  server.samples.map((sample) => sample[of]);

function ratioVerdict(bar: RatioBar, servers: readonly LoadServer[]): Verdict {
  const { of = "cpu" } = bar;
  const text = `${of === "cpu" ? "CPU" : of} of ${bar.server} <= ${bar.limit} x ${bar.base}`;
  const ours = servers.find((one) => one.server === bar.server);
  const base = servers.find((one) => one.server === bar.base);
  if (!ours || !base) return verdict(text, undefined, bar.limit, "");
  const { median: value, low, high } = ratio(samples(ours, of), samples(base, of));
  const measured = `${value.toFixed(2)} [${low.toFixed(2)}..${high.toFixed(2)}]`;
  const stretch = bar.stretch && ` (stretch ${bar.stretch} ${value <= bar.stretch ? "met" : "missed"})`;
  return verdict(text, value, bar.limit, `${measured}${stretch ?? ""}`);
}

function memoryVerdict(bar: MemoryBar, result: MemoryResult): Verdict {
  const bytes = result.servers.find((one) => one.server === bar.server)?.[bar.process];
  const megabytes = bytes === undefined ? undefined : bytes / 1e6;
  const text = `PSS of the ${bar.process} of ${bar.server} <= ${bar.limit} MB`;
  return verdict(text, megabytes, bar.limit, `${megabytes?.toFixed(1)} MB`);
}

function startVerdict(bar: StartBar, result: StartResult): Verdict {
  const times = result.servers.find((one) => one.server === bar.server)?.times;
  const value = times && median(times);
  return verdict(`start of ${bar.server} <= ${bar.limit} ms`, value, bar.limit, `${value?.toFixed(0)} ms`);
}

function riseVerdict(bar: RiseBar, result: RiseResult): Verdict {
  const rises = result.servers.find((one) => one.server === bar.server)?.rises;
  const value = rises && median(rises) / 1e6;
  return verdict(`${bar.server} above rest <= ${bar.limit} MB`, value, bar.limit, `${value?.toFixed(1)} MB`);
}

function restVerdict(bar: RestBar, result: RestResult): Verdict {
  const percents = result.servers.find((one) => one.server === bar.server)?.percents;
  const value = percents && (bar.process === "master" ? percents[0] : Math.max(...percents.slice(1)));
  const text = `idle ${bar.process} of ${bar.server} <= ${bar.limit} % of a CPU`;
  return verdict(text, value, bar.limit, `${value?.toFixed(3)} %`);
}

function meterVerdict({ server, number, most, least }: MeterBar, result: MeterResult): Verdict {
  const found = result.servers.find((one) => one.server === server)?.samples;
  const value = found && median(found.map((sample) => sample[number] ?? Number.NaN));
  const text = `${number} of ${server} ${least === undefined ? `<= ${most}` : `>= ${least}`}`;
  const measured = value === undefined ? "" : short(value);
  // At least is at most, seen from the other side.
  if (least !== undefined) return verdict(text, value && -value, -least, measured);
  return verdict(text, value, most ?? Infinity, measured);
}

/** Holds a result against the bars of its case. */
export function verdicts(result: Result): Verdict[] {
  switch (result.kind) {
    case "load":
      return result.case.bars.map((bar) => ratioVerdict(bar, result.servers));
    case "memory":
      return result.case.bars.map((bar) => memoryVerdict(bar, result));
    case "start":
      return result.case.bars.map((bar) => startVerdict(bar, result));
    case "rise":
      return result.case.bars.map((bar) => riseVerdict(bar, result));
    case "rest":
      return result.case.bars.map((bar) => restVerdict(bar, result));
    case "meter":
      return result.case.bars.map((bar) => meterVerdict(bar, result));
  }
}
