import type { MeterCase } from "./case.ts";
import type { Instance } from "./instance.ts";
import type { MeterServer } from "./result.ts";
import type { RunOptions } from "./run.ts";
import { type Repeated, repeat } from "./run-idle.ts";
import type { ServerName } from "./servers/registry.ts";

type Numbers = Readonly<Record<string, number>>;

async function look(
  { port }: Instance,
  { path }: MeterCase,
  { seconds, signal }: RunOptions,
): Promise<Numbers> {
  const answer = await fetch(`http://127.0.0.1:${port}${path}?seconds=${seconds}`, { signal });
  if (answer.status !== 200) throw new Error(await answer.text());
  return (await answer.json()) as Numbers;
}

/** What servers measure by themselves, started anew for each round. */
export const runMeter = (
  one: MeterCase,
  names: readonly ServerName[],
  options: RunOptions,
): Promise<Repeated<MeterServer>> =>
  repeat(
    one,
    names,
    options,
    options.rounds,
    (instance) => look(instance, one, options),
    (server, samples) => ({ server, samples }),
  );
