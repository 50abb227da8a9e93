import { SkitaiError } from "../errors.ts";
import { checkTimeout } from "./call.ts";
import { Program, type ProgramOptions } from "./program.ts";

export interface SubprocessOptions extends ProgramOptions {
  /** Of its output, as `TextDecoder` names it. Default `utf-8`. */
  readonly encoding?: string;
}

/**
 * Runs a program without a shell: each argument reaches it as it is. It leads a process group of its own. A worker runs 32 at
 * once; 10,000 more may wait, which counts for the timeout. A worker that stops waits for programs as for jobs and then kills
 * them; one that is killed itself (SIGKILL) leaves them running.
 * @param command program (a path, or a name from PATH) and its arguments
 * @returns its standard output, decoded
 * @throws SubprocessError SUBPROCESS_FAILED when it cannot be started, writes too much, or ends with another code than 0
 * @throws SkitaiError JOB_TIMEOUT, JOB_INVALID for a wrong command, JOB_OVERLOADED when the worker stops
 */
export async function runSubprocess(
  command: readonly string[],
  options: SubprocessOptions = {},
): Promise<string> {
  const program = checkCommand(command);
  const decoder = decoderOf(options.encoding);
  checkTimeout(program, options.timeout);
  options.signal?.throwIfAborted();
  if (closing) throw new SkitaiError("JOB_OVERLOADED", { name: program, accepted: "the worker stops" });
  const run = new Program(command, options);
  running.add(run);
  try {
    return decoder.decode(await run.output());
  } finally {
    running.delete(run);
  }
}

const running = new Set<Program>();
let closing = false;

/**
 * Waits for the programs that run, and kills those that are left.
 * @param grace seconds
 * @returns whether all ended by themselves
 */
export async function endSubprocesses(grace: number): Promise<boolean> {
  closing = true;
  const end = performance.now() + grace * 1000;
  while (running.size > 0 && performance.now() < end) await Bun.sleep(20);
  const left = [...running];
  for (const run of left)
    run.cut(new SkitaiError("JOB_CRASHED", { name: run.name, accepted: "was ended, the worker stops" }));
  return left.length === 0;
}

function checkCommand(command: readonly string[]): string {
  const isCommand =
    Array.isArray(command) &&
    command.length > 0 &&
    command[0] !== "" &&
    command.every((each) => typeof each === "string" && !each.includes("\0"));
  if (isCommand) return command[0]!;
  throw new SkitaiError("JOB_INVALID", {
    name: "Subprocess",
    value: command,
    accepted: 'a program and its arguments as a list of texts: ["convert", "a.png", "b.jpg"]',
  });
}

function decoderOf(encoding = "utf-8"): TextDecoder {
  try {
    return new TextDecoder(encoding as Bun.Encoding);
  } catch (cause) {
    throw new SkitaiError("JOB_INVALID", {
      name: "Subprocess: encoding",
      value: encoding,
      accepted: 'one that TextDecoder knows: "utf-8", "latin1"',
      cause,
    });
  }
}
