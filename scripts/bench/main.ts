#!/usr/bin/env bun
import { type Arguments, help, parseArguments } from "./arguments.ts";
import { verdicts } from "./bars.ts";
import { cases } from "./cases.ts";
import { stopAll } from "./instance.ts";
import { describeMachine, type Machine, machineLine } from "./machine.ts";
import { legend, report } from "./report.ts";
import type { Result } from "./result.ts";
import { run } from "./run.ts";
import { makeWorkspace, type Workspace } from "./workspace.ts";

/** On standard error, and only where somebody looks on: tables go to standard output. */
function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}

async function runAll(given: Arguments, workspace: Workspace, signal: AbortSignal): Promise<Result[]> {
  const results: Result[] = [];
  for (const name of given.cases) {
    const one = cases[name];
    if (!one) continue;
    const result = await run(name, one, {
      ...given,
      workspace,
      signal,
      progress: (text) => progress(`${name}: ${text}`),
    });
    results.push(result);
    progress("");
    process.stdout.write(report(result, given.markdown ? "markdown" : "plain"));
  }
  return results;
}

async function bench(given: Arguments, machine: Machine): Promise<number> {
  const workspace = await makeWorkspace();
  const interrupt = new AbortController();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.on(name, () => interrupt.abort(new Error(`stopped by ${name}`)));
  try {
    const results = await runAll(given, workspace, interrupt.signal);
    console.log(`\n${legend}`);
    if (given.json) await Bun.write(given.json, JSON.stringify({ machine, results }, null, 2));
    return results.flatMap(verdicts).every((verdict) => verdict.state === "met") ? 0 : 1;
  } finally {
    await stopAll();
    await workspace.remove();
  }
}

async function main(argv: readonly string[]): Promise<number> {
  const given = parseArguments(argv);
  if (given.help) {
    console.log(help());
    return 0;
  }
  for (const program of ["wrk", "taskset"])
    if (!Bun.which(program)) throw new Error(`${program} is not on PATH`);
  const machine = await describeMachine();
  console.log(`${machineLine(machine)}; ${given.rounds} rounds of ${given.seconds} s, medians`);
  return await bench(given, machine);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 2;
}
