import { SkitaiError } from "../errors.ts";
import type { WorkerIndex } from "./quic.ts";
import type { ReuseportGroup } from "./reload-group.ts";
import { describeExit, type WorkerExit, type WorkerHandle } from "./worker-handle.ts";
import type { WorkerSlot } from "./worker-slot.ts";

/** How long (ms) a busy process of HTTP/3 may take to hear that it is to leave. */
const leavePatience = 5000;

export interface Replacement {
  readonly group: ReuseportGroup;
  /** Starts a worker that nobody lets bind yet. */
  spawn(index: WorkerIndex): WorkerHandle;
  /** The place of `before`, if there was one, is that of `next` now. */
  exchanged(before: WorkerHandle | undefined, next: WorkerHandle): void;
  /** Whether the service is being stopped. */
  stopping(): boolean;
}

/**
 * Puts new workers into `slots`. All new ones are started before any of them binds, so that a version that does not start
 * has never answered anything, and two versions answer side by side for the time of a handover only; the price is the memory
 * of both. Resolves when the old ones have closed their sockets; they finish what they do for up to the grace time. Spec W4.
 * @throws SkitaiError LAUNCH_FAILED when one does not start; the old ones serve on then
 */
export async function replaceWorkers(slots: readonly WorkerSlot[], parts: Replacement): Promise<void> {
  const { group, spawn } = parts;
  /** Those that have no place yet. */
  let waiting: WorkerHandle[] = [];
  try {
    for (const { index } of slots) waiting.push(spawn(index));
    await Promise.all(waiting.map(hasOpened));
    const tcp = pairs(slots, waiting).filter(([{ index }]) => index !== "quic");
    const quic = pairs(slots, waiting).filter(([{ index }]) => index === "quic");
    // It gets nothing yet: where it cannot bind nothing has changed.
    for (const [, next] of quic) await hasBound(next);
    if (tcp.length > 0)
      await group.exclusively(() =>
        handOver(
          tcp.map(([slot]) => slot),
          tcp.map(([, next]) => next),
          parts,
        ),
      );
    waiting = quic.map(([, next]) => next);
    for (const [slot, next] of quic) await handOverQuic(slot, next, parts);
  } catch (error) {
    for (const worker of waiting) worker.stop();
    await Promise.all(waiting.map(({ exited }) => exited));
    throw error instanceof SkitaiError ? error : launchFailure(String(error));
  }
}

async function handOver(
  slots: readonly WorkerSlot[],
  workers: readonly WorkerHandle[],
  { group, exchanged, stopping }: Replacement,
): Promise<void> {
  const bound: WorkerHandle[] = [];
  for (const worker of workers) {
    if (!stopping() && (await group.bind(worker))) {
      bound.push(worker);
      continue;
    }
    await group.dismiss(bound);
    throw stopping() ? launchFailure("the service was stopped") : failureOf(await worker.exited);
  }
  if (stopping()) throw launchFailure("the service was stopped");
  const old: WorkerHandle[] = [];
  for (const [place, slot] of slots.entries()) {
    const next = workers[place]!;
    const before = slot.retired ? next : slot.replace(next);
    if (!slot.retired) exchanged(before, next);
    if (before !== undefined) old.push(before);
  }
  for (const worker of old) if (!workers.includes(worker)) worker.announce("beforeReload");
  await group.dismiss(old);
  for (const worker of workers) if (!old.includes(worker)) worker.announce("reloaded");
  // A worker that had not bound yet, or did not answer, is not of the group.
  for (const worker of old) if (!worker.stopping) worker.stop();
}

/**
 * The next process of HTTP/3 joins the port, and gets nothing as long as the old one is there. That one tells its clients to
 * go (GOAWAY, RFC 9114 §5.2), finishes what it does and leaves; who comes while it does asks again, or by TCP.
 */
async function handOverQuic(
  slot: WorkerSlot,
  next: WorkerHandle,
  { exchanged, stopping }: Replacement,
): Promise<void> {
  if (stopping() || slot.retired) throw launchFailure("the service was stopped");
  const old = slot.replace(next);
  exchanged(old, next);
  old?.announce("beforeReload");
  await old?.leave(leavePatience);
  next.announce("reloaded");
}

const pairs = (
  slots: readonly WorkerSlot[],
  workers: readonly WorkerHandle[],
): [WorkerSlot, WorkerHandle][] => slots.map((slot, place) => [slot, workers[place]!]);

async function hasBound(worker: WorkerHandle): Promise<void> {
  worker.bind();
  if (!(await worker.ready)) throw failureOf(await worker.exited);
}

async function hasOpened(worker: WorkerHandle): Promise<void> {
  if (!(await worker.opened)) throw failureOf(await worker.exited);
}

const failureOf = (exit: WorkerExit): SkitaiError => launchFailure(describeExit(exit));

const launchFailure = (reason: string): SkitaiError =>
  new SkitaiError("LAUNCH_FAILED", { name: "new worker", accepted: reason });
