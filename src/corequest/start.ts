import { parseDuration } from "../config/units.ts";
import type { Cluster } from "../upstream/cluster.ts";
import { processWords } from "../state/process.ts";
import { attempt, attemptOn } from "./attempt.ts";
import type { Backend, Call } from "./backend.ts";
import type { Control } from "./control.ts";
import type { Result } from "./result.ts";
import { type CacheUse, resultCache } from "./result-cache.ts";
import { type Keeper, Task } from "./task.ts";
import { Tasks } from "./tasks.ts";

/** How a call is started, beside what it says. */
export interface StartOptions extends CacheUse {
  /** Seconds. Default: what the alias says, else 10. */
  timeout?: number | undefined;
}

/** Starts a call on one member, with fail-over on others; or takes what is kept of an equal one. Spec Q2, Q5, Q6. */
export function start<Kind extends Call, Connection, Data>(
  backend: Backend<Kind, Connection, Data>,
  cluster: Cluster,
  call: Kind,
  options: StartOptions = {},
): Task<Data> {
  const { rmCache, useCache = false } = options;
  if (rmCache !== undefined) changed(rmCache);
  const work = (control: Control): Promise<Result<Data>> => {
    const result = attempt(backend, cluster, call, control);
    return rmCache === undefined ? result : result.finally(() => changed(rmCache));
  };
  if (call.cacheKey === undefined) return begin(work, cluster, call, options);
  let made: string | undefined;
  const key = (): string => (made ??= `${cluster.name} ${call.cacheKey!()}`);
  const keeper = resultCache.keeper(key, Date.now());
  const fresh = (): Task<Data> => begin(work, cluster, call, options, keeper);
  if (useCache === false || rmCache !== undefined || (useCache === true && !resultCache.inUse))
    return fresh();
  const kept = resultCache.find(key(), useCache) as Result<Data> | undefined;
  if (kept !== undefined) return new Task(kept, { alias: cluster.name, label: call.label });
  const other = resultCache.underway(key(), useCache) as Task<Data> | undefined;
  if (other !== undefined) return other.follow();
  const task = fresh();
  if (resultCache.isShared(key(), useCache)) {
    task.share();
    resultCache.announce(key(), task);
  }
  return task;
}

/** Said before a change and after it: what was read meanwhile is over as well. */
function changed(names: string | readonly string[]): void {
  for (const name of [names].flat()) processWords().setlu(name);
}

/** Asks every member; the results come in their order, failures included. Spec Q5. */
export function startOnAll<Kind extends Call, Connection, Data>(
  backend: Backend<Kind, Connection, Data>,
  cluster: Cluster,
  call: Kind,
  options: StartOptions = {},
): Tasks<Task<Data>[]> {
  const tasks = cluster.members.map((member) =>
    begin((control) => attemptOn(backend, cluster, member, call, control), cluster, call, options),
  );
  return new Tasks(tasks, {});
}

function begin<Data>(
  work: (control: Control) => Promise<Result<Data>>,
  cluster: Cluster,
  { label }: Call,
  { timeout }: StartOptions,
  keeper?: Keeper<Data>,
): Task<Data> {
  return new Task(work, {
    alias: cluster.name,
    label,
    timeout: timeout ?? parseDuration(cluster.options.timeout),
    keeper,
  });
}
