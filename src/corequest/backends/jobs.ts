import type { Duration } from "../../config/settings.ts";
import { type Job, nameOf } from "../../jobs/job.ts";
import type { JobPool } from "../../jobs/pool.ts";
import { processPool, runProgram, threadPool } from "../../jobs/pools.ts";
import type { SubprocessOptions as ProgramOptions } from "../../jobs/subprocess.ts";
import { SkitaiError } from "../../errors.ts";
import { secondsOf } from "../durations.ts";
import { Result } from "../result.ts";
import { failureCodes } from "../status.ts";
import { Task } from "../task.ts";

/** How a job is called when there is more to say than its arguments. */
export interface JobCall<Args extends unknown[], Value, Data> {
  readonly job: Job<Args, Value>;
  readonly args: Args;
  /** Longest time from the call to the result; the job ends with it. Default 10 s. */
  readonly timeout?: Duration;
  /** Makes the task's data of the job's result, in the worker. */
  readonly filter: (result: Value) => Data;
}

/** The same without a filter. */
type PlainCall<Args extends unknown[], Value> = Omit<JobCall<Args, Value, Value>, "filter">;

/** Starts a job: `was.Thread(resize, "a.png", 100)`, `was.Thread({ job: resize, args: ["a.png", 100], timeout: 60, filter })`. */
export interface JobTask {
  <Args extends unknown[], Value>(job: Job<Args, Value>, ...args: Args): Task<Value>;
  <Args extends unknown[], Value, Data>(call: JobCall<Args, Value, Data>): Task<Awaited<Data>>;
  <Args extends unknown[], Value>(call: PlainCall<Args, Value>): Task<Value>;
}

type AnyCall = Omit<JobCall<unknown[], unknown, unknown>, "filter"> & {
  readonly filter?: (result: unknown) => unknown;
};

const jobTask =
  (kind: string, pool: () => Promise<JobPool>): JobTask =>
  (first: Job<never[], unknown> | object, ...rest: unknown[]): Task<never> => {
    const { job, args, timeout, filter } = (
      typeof first === "function" ? { job: first, args: rest } : (first ?? {})
    ) as AnyCall;
    const label = nameOf(job);
    const run = async (signal: AbortSignal): Promise<unknown> =>
      (await pool()).run(job, args ?? [], { signal });
    return task(kind, label, timeout, filter, run) as Task<never>;
  };

/** A job in a thread of this worker. Spec Q8. */
export const thread: JobTask = jobTask("thread", threadPool);

/** A job in a process. Spec Q8. */
export const process: JobTask = jobTask("process", processPool);

export interface SubprocessOptions<Data> extends Omit<ProgramOptions, "timeout" | "signal"> {
  /** Then it is killed, with all that it has started. Default 300 s. */
  readonly timeout?: Duration;
  /** Makes the task's data of its output. */
  readonly filter?: (output: string) => Data;
}

/** A program, without a shell; its data is what it writes to stdout, decoded. Spec Q8. */
export function subprocess<Data = string>(
  command: readonly string[],
  { timeout = 300, filter, ...options }: SubprocessOptions<Data> = {},
): Task<Awaited<Data>> {
  const label = String(command?.[0]);
  return task("subprocess", label, timeout, filter as ((output: unknown) => unknown) | undefined, (signal) =>
    runProgram(command, { ...options, signal }),
  ) as Task<Awaited<Data>>;
}

function task(
  alias: string,
  label: string,
  timeout: Duration | undefined,
  filter: ((value: unknown) => unknown) | undefined,
  run: (signal: AbortSignal) => Promise<unknown>,
): Task {
  const parts = { alias, label, timeout: secondsOf(timeout) };
  return new Task(async (control) => {
    try {
      const value = await run(control.signal);
      return new Result(filter === undefined ? value : await filter(value));
    } catch (error) {
      return failed(error);
    }
  }, parts);
}

function failed(error: unknown): Result<unknown> {
  const known = error instanceof Error ? error : new Error(String(error));
  return new Result<unknown>(undefined, {
    statusCode: known instanceof SkitaiError ? known.status : failureCodes.failed,
    reason: known.message,
    error: known,
  });
}
