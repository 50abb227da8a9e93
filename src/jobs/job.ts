import { SkitaiError } from "../errors.ts";

/**
 * A function with a name, which threads and processes know as well. Called directly it runs where it is called. Spec Q8.
 */
export interface Job<Args extends unknown[], Result> {
  (...args: Args): Promise<Result>;
  /** What it is known by in every host. */
  readonly name: string;
}

/** A job whatever it takes and gives. */
export type AnyJob = Job<never[], unknown>;

const jobs = new Map<string, AnyJob>();

const accepted = 'a name, which is text without line breaks, and a function: job("resize", (path) => …)';

/**
 * Defines a job, once by name, at the top level of a module that the script imports or mounts: hosts evaluate the script
 * anew, with all it does before `run()`, and find the job there. They mount nothing, and are closed when they had nothing to do
 * for a minute. In a thread `import.meta.main` is false. What a job takes and gives is copied (structured clone).
 * ```ts
 * export const resize = job("resize", async (path: string, width: number) => { … });
 * ```
 * @throws SkitaiError JOB_INVALID for a name that is taken, or no name
 */
export function job<Args extends unknown[], Result>(
  name: string,
  work: (...args: Args) => Result,
): Job<Args, Awaited<Result>> {
  if (typeof name !== "string" || !/^[^\p{Cc}\s][^\p{Cc}]{0,199}$/u.test(name))
    throw new SkitaiError("JOB_INVALID", { name: "job", value: name, accepted });
  if (typeof work !== "function")
    throw new SkitaiError("JOB_INVALID", { name: `job "${name}"`, value: work, accepted });
  if (jobs.has(name))
    throw new SkitaiError("JOB_INVALID", { name: `job "${name}"`, accepted: "is defined already" });
  const defined = async (...args: Args): Promise<Awaited<Result>> => await work(...args);
  Object.defineProperty(defined, "name", { value: name });
  jobs.set(name, defined as unknown as AnyJob);
  return defined as Job<Args, Awaited<Result>>;
}

/** The job of that name; `undefined` when no module that was evaluated here defines it. */
export const findJob = (name: string): AnyJob | undefined => jobs.get(name);

/**
 * The name of a job.
 * @throws SkitaiError JOB_INVALID for anything that `job` did not make
 */
export function nameOf(value: unknown): string {
  if (typeof value === "function" && findJob(value.name) === value) return value.name;
  throw new SkitaiError("JOB_INVALID", {
    name: "job",
    value,
    accepted: 'what skitai.job("name", function) returned',
  });
}
