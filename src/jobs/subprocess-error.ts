import { SkitaiError } from "../errors.ts";

/** A program that did not end well. `exitCode` is null when `signal` ended it; both are null when it never ran. */
export class SubprocessError extends SkitaiError {
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** The end of what it wrote there. */
  readonly stderr: string;

  constructor(
    program: string,
    reason: string,
    {
      exitCode = null,
      signal = null,
      stderr = "",
      cause,
    }: { exitCode?: number | null; signal?: string | null; stderr?: string; cause?: unknown } = {},
  ) {
    const last = stderr.trimEnd().split("\n").at(-1)!.slice(0, 200);
    super("SUBPROCESS_FAILED", { name: program, accepted: last ? `${reason}: ${last}` : reason, cause });
    this.exitCode = exitCode;
    this.signal = signal;
    this.stderr = stderr;
  }
}
