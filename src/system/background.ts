/** Calls whose request does not wait for them: a worker that stops does. Spec Q7. */
const running = new Set<Promise<unknown>>();

/** @param told errors of a call that nobody awaits */
export function inBackground(work: Promise<unknown>, told: (error: unknown) => void): void {
  const ended = work.catch(told).finally(() => running.delete(ended));
  running.add(ended);
}

/** Resolves when no call is left, true, or when the time (s) is over, false. */
export async function backgroundEnded(seconds: number): Promise<boolean> {
  const limit = Date.now() + seconds * 1000;
  while (running.size > 0) {
    const left = limit - Date.now();
    if (left <= 0) return false;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, left);
    await Promise.race([promise, Promise.all(running)]);
    clearTimeout(timer);
  }
  return true;
}
