import type { Case } from "./case.ts";
import { missing } from "./peers.ts";
import type { Result, Skipped } from "./result.ts";
import { runMemory, runStart } from "./run-idle.ts";
import { clients } from "./clients.ts";
import { LoadRun } from "./run-load.ts";
import { runMeter } from "./run-meter.ts";
import { runRest, runRise } from "./run-watch.ts";
import { type ServerName, servers } from "./servers/registry.ts";
import type { Workspace } from "./workspace.ts";

export interface RunOptions {
  readonly workspace: Workspace;
  readonly binary: string | undefined;
  /** Peers to run; undefined is all. */
  readonly peers: readonly ServerName[] | undefined;
  readonly rounds: number;
  /** Whole seconds of load for each server and round. */
  readonly seconds: number;
  /** Aborted when the run is to end before its time. */
  readonly signal: AbortSignal;
  /** Told what is being done. */
  readonly progress: (text: string) => void;
}

interface Choice {
  readonly names: ServerName[];
  readonly skipped: Skipped[];
}

/** The servers of a case that are wanted and can be run. */
async function choose(one: Case, { peers, binary, signal }: RunOptions): Promise<Choice> {
  const choice: Choice = { names: [], skipped: [] };
  for (const name of one.servers) {
    if (peers && !servers[name].ours && !peers.includes(name)) continue;
    const reason = missingProgram(one) ?? (await missing(servers[name], binary, signal));
    if (reason) choice.skipped.push({ server: name, reason });
    else choice.names.push(name);
  }
  return choice;
}

function missingProgram(one: Case): string | undefined {
  const programs = one.kind === "load" ? clients[one.client ?? "wrk"].programs : [];
  const absent = programs.find((program) => !Bun.which(program));
  return absent && `${absent} is not on PATH`;
}

/** Runs one case. A server that cannot be run is skipped with a reason. */
export async function run(name: string, one: Case, options: RunOptions): Promise<Result> {
  const { names, skipped } = await choose(one, options);
  if (one.kind === "memory") {
    const result = await runMemory(one, names, options);
    return { kind: "memory", name, case: one, ...result, skipped: [...skipped, ...result.skipped] };
  }
  if (one.kind === "start") {
    const result = await runStart(one, names, options);
    return { kind: "start", name, case: one, ...result, skipped: [...skipped, ...result.skipped] };
  }
  if (one.kind === "rise") {
    const result = await runRise(one, names, options);
    return { kind: "rise", name, case: one, ...result, skipped: [...skipped, ...result.skipped] };
  }
  if (one.kind === "rest") {
    const result = await runRest(one, names, options);
    return { kind: "rest", name, case: one, ...result, skipped: [...skipped, ...result.skipped] };
  }
  if (one.kind === "meter") {
    const result = await runMeter(one, names, options);
    return { kind: "meter", name, case: one, ...result, skipped: [...skipped, ...result.skipped] };
  }
  const load = new LoadRun(one, options);
  const measured = await load.run(names);
  return { kind: "load", name, case: one, servers: measured, skipped: [...skipped, ...load.skipped] };
}
