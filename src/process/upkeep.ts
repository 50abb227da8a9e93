import type { Settings } from "../config/settings.ts";
import type { ApplicationLog } from "../log/application.ts";

/** Milliseconds between two looks. */
const minute = 60_000;

/**
 * What `---gc` and `---memtrack` ask for: once in `every` ms garbage is collected when no request is pending, and memory
 * is logged. Spec O2.
 * @returns ends it, and logs the memory a last time
 */
export function startUpkeep(
  { gc, memtrack }: Pick<Settings, "gc" | "memtrack">,
  server: { readonly pendingRequests: number },
  log: ApplicationLog,
  every = minute,
): () => void {
  const report = (): void => {
    if (memtrack) log.log(memoryText(process.memoryUsage()), "memory");
  };
  const look = (): void => {
    if (gc && server.pendingRequests === 0) Bun.gc(true);
    report();
  };
  const timer = gc || memtrack ? setInterval(look, every).unref() : undefined;
  report();
  return () => {
    clearInterval(timer);
    report();
  };
}

const memoryText = ({ rss, heapUsed, heapTotal, external }: NodeJS.MemoryUsage): string =>
  `rss ${megabytes(rss)}, heap ${megabytes(heapUsed)} of ${megabytes(heapTotal)}, external ${megabytes(external)}`;

const megabytes = (bytes: number): string => `${(bytes / 1024 ** 2).toFixed(1)} MB`;
