import type { Cluster } from "../upstream/cluster.ts";
import { processWords } from "../state/process.ts";
import { attempt, attemptOn } from "./attempt.ts";
import type { Backend, Call } from "./backend.ts";
import type { Control } from "./control.ts";
import type { Result } from "./result.ts";
import { type CacheUse, resultCache } from "./result-cache.ts";
import { Task, type TaskParts } from "./task.ts";
import { Tasks } from "./tasks.ts";

/** How a call is started, beside what it says. */
export interface StartOptions extends CacheUse {
  /** Seconds. Default: what the alias says, else 10. */
  timeout?: number | undefined;
}

const none: StartOptions = Object.freeze({});

/** Starts a call on one member, with fail-over on others; or takes what is kept of an equal one. Spec Q2, Q5, Q6. */
export function start<Kind extends Call, Connection, Data>(
  backend: Backend<Kind, Connection, Data>,
  cluster: Cluster,
  call: Kind,
  options: StartOptions = none,
): Task<Data> {
  const { rmCache, useCache = false } = options;
  const fresh = (): Task<Data> =>
    new Task<Data>(
      (control) => attempt(backend, cluster, call, control),
      new CallParts<Data>(cluster, call, options.timeout),
    );
  if (rmCache !== undefined) return startChange(backend, cluster, call, options.timeout, rmCache);
  const cached = useCache !== false && call.cacheKey !== undefined;
  if (!cached || (useCache === true && !resultCache.inUse)) return fresh();
  const key = keyOf(cluster, call);
  const kept = resultCache.find(key, useCache) as Result<Data> | undefined;
  if (kept !== undefined) return new Task(kept, { alias: cluster.name, label: call.label });
  const other = resultCache.underway(key, useCache) as Task<Data> | undefined;
  if (other !== undefined) return other.follow();
  const task = fresh();
  if (resultCache.isShared(key, useCache)) {
    task.share();
    resultCache.announce(key, task);
  }
  return task;
}

/** The names have changed before the call and after it: what was read meanwhile is over as well. */
function startChange<Kind extends Call, Connection, Data>(
  backend: Backend<Kind, Connection, Data>,
  cluster: Cluster,
  call: Kind,
  timeout: number | undefined,
  names: string | readonly string[],
): Task<Data> {
  changed(names);
  const work = (control: Control): Promise<Result<Data>> =>
    attempt(backend, cluster, call, control).finally(() => changed(names));
  return new Task<Data>(work, new CallParts<Data>(cluster, call, timeout));
}

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
  const tasks = cluster.members.map(
    (member) =>
      new Task<Data>(
        (control) => attemptOn(backend, cluster, member, call, control),
        new CallParts<Data>(cluster, call, options.timeout, false),
      ),
  );
  return new Tasks(tasks, {});
}

const keyOf = ({ name }: Cluster, call: Call): string => `${name} ${call.cacheKey!()}`;

/** What a task knows of its call; names are made when they are asked for. */
class CallParts<Data> implements TaskParts<Data> {
  readonly timeout: number | undefined;
  readonly #cluster: Cluster;
  readonly #call: Call;
  readonly #mayKeep: boolean;

  constructor(cluster: Cluster, call: Call, timeout: number | undefined, mayKeep = true) {
    this.#cluster = cluster;
    this.#call = call;
    this.#mayKeep = mayKeep && call.cacheKey !== undefined;
    this.timeout = timeout ?? cluster.timeout;
  }

  get alias(): string {
    return this.#cluster.name;
  }

  get label(): string {
    return this.#call.label;
  }

  keep(result: Result<Data>, made: number, life: number, statusCodes?: readonly number[]): void {
    if (this.#mayKeep) resultCache.keep(keyOf(this.#cluster, this.#call), result, made, life, statusCodes);
  }
}
