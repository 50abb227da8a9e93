import { openHandshakes } from "../system/handshakes.ts";
import type { ReuseportListener } from "../system/reuseport.ts";

/** How long (ms) nothing may have come in; requests on kept connections are told to close for so long at least. */
const silence = 100;
/** A client that never ends its handshake is waited for so long (ms). */
const most = 3000;
const look = 20;

/** Resolves when nothing is on its way any more to listeners that the kernel is steered away from. Spec W4. */
export async function whenQuiet(
  listeners: readonly ReuseportListener[],
  ports: readonly number[],
): Promise<void> {
  const end = performance.now() + most;
  let begun = await handshakes(ports);
  let quietSince = performance.now();
  while (performance.now() < end && performance.now() - quietSince < silence) {
    await Bun.sleep(look);
    if (begun.size > 0) begun = begun.intersection(await handshakes(ports));
    if (begun.size > 0 || listeners.some(({ queued }) => queued > 0)) quietSince = performance.now();
  }
}

async function handshakes(ports: readonly number[]): Promise<Set<string>> {
  const sets = await Promise.all(ports.map(openHandshakes));
  return new Set(sets.flatMap((set) => [...set]));
}
