import { SkitaiError } from "../src/errors.ts";

/** The words of the process that is started. */
type Words = readonly string[];

/**
 * Goes on as another script, in this process: terminal, signals and exit code are those of `bun <script>` itself. Never
 * returns.
 * @param script absolute path
 */
export function becomeScript(script: string, words: Words): never {
  return becomeProgram([process.execPath, ...process.execArgv, script, ...words], process.env);
}

/** execve(2). Undefined variables are left out. */
export function becomeProgram(command: Words, env: Readonly<Record<string, string | undefined>>): never {
  const set = Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const [program = ""] = command;
  if (process.execve === undefined)
    throw new SkitaiError("LAUNCH_FAILED", {
      name: program,
      accepted: "this system cannot replace a process",
    });
  return process.execve(program, [...command], Object.fromEntries(set));
}
