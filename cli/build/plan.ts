import { basename, dirname } from "node:path";
import { SkitaiError } from "../../src/errors.ts";
import { type Plan, planMark, type PlanOutcome } from "../../src/process/plan.ts";
import { planEnvironment } from "../../src/process/role.ts";

/** A script that is not at `run()` after this time (ms) never calls it, and something keeps it alive. */
const patience = 60_000;

/**
 * Runs a script up to its `run()`, where it says what it declares. Its errors go to the terminal as they come.
 * @param script absolute path
 * @throws SkitaiError BUILD_FAILED when it does not get there, or what it declares is wrong
 */
export async function readPlan(script: string): Promise<Plan> {
  const run = Bun.spawn([process.execPath, ...process.execArgv, script], {
    // Where the script will work, and where Bun looks for its tsconfig.json.
    cwd: dirname(script),
    env: planEnvironment(),
    stdio: ["ignore", "pipe", "inherit"],
    timeout: patience,
    killSignal: "SIGKILL",
  });
  const output = await run.stdout.text();
  await run.exited;
  const name = basename(script);
  const line = output.split("\n").findLast((each) => each.startsWith(planMark));
  if (line === undefined) {
    // What it printed may say why.
    process.stderr.write(output);
    throw new SkitaiError("BUILD_FAILED", { name, accepted: reasonOf(run) });
  }
  const outcome = JSON.parse(line.slice(planMark.length)) as PlanOutcome;
  if ("errors" in outcome)
    throw new SkitaiError("BUILD_FAILED", {
      name: outcome.errors.map((each) => `${name}: ${each}`).join("\n"),
    });
  return outcome;
}

function reasonOf({ exitCode, signalCode }: Bun.Subprocess): string {
  if (signalCode === "SIGKILL") return `did not call run() within ${patience / 1000} s`;
  return exitCode === 0 ? "does not call run()" : `ended with exit code ${exitCode} before run(), see above`;
}
