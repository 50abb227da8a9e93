import type { Overview } from "./overview.ts";
import { sections, type View } from "./page.ts";
import { addReader, removeReader } from "./readers.ts";

/** Milliseconds between two looks. */
const interval = 2000;

/**
 * What has changed on the page, every two seconds: `{ id: html }` by section.
 * @returns `undefined` when too many look
 */
export function liveStream(
  overview: () => Promise<Overview>,
  view: View,
  signal: AbortSignal,
): ReadableStream<Uint8Array> | undefined {
  const encoder = new TextEncoder();
  const stopped = Promise.withResolvers<void>();
  let over = false;
  const end = (): void => {
    if (over) return;
    over = true;
    removeReader(end);
    stopped.resolve();
  };
  if (!addReader(end)) return undefined;
  signal.addEventListener("abort", end, { once: true });
  if (signal.aborted) end();
  const shown = new Map<string, string>();
  let looks = 0;
  return new ReadableStream({
    async pull(controller) {
      if (looks++ > 0) await Promise.race([Bun.sleep(interval), stopped.promise]);
      const now = over ? undefined : await overview().catch(() => undefined);
      // One that has gone while it was asked has closed the stream.
      if (over) return void closed(controller);
      controller.enqueue(encoder.encode(now === undefined ? ": no answer\n\n" : changes(now)));
    },
    cancel: end,
  });

  function changes(now: Overview): string {
    const changed: Record<string, string> = {};
    for (const [id, html] of sections(now, view)) {
      if (shown.get(id) === html) continue;
      shown.set(id, html);
      changed[id] = html;
    }
    return `retry: ${interval / 2}\ndata: ${JSON.stringify(changed)}\n\n`;
  }
}

function closed(controller: ReadableStreamDefaultController): void {
  try {
    controller.close();
  } catch {
    // Cancelled already.
  }
}
