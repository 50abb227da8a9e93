import { currentContext } from "../context.ts";
import { SkitaiError } from "../errors.ts";
import type { Overview } from "../status/overview.ts";
import { type MasterMessage, tell } from "./messages.ts";

/** How long (ms) a master may take to say what it knows: it asks all workers. */
const patience = 5000;

const waiting = new Map<number, (overview: Overview) => void>();
let last = 0;
let listens = false;

/** Requests that come together get one answer. */
let underway: Promise<Overview> | undefined;

/**
 * The status page of the service for the request being handled, or JSON. Spec U1.
 * @throws SkitaiError NO_CONTEXT outside a request; HANDLER_TIMEOUT when the master does not answer
 */
export async function ownStatus(): Promise<Response> {
  const { request } = currentContext();
  // Most processes show no page.
  const { statusResponse } = await import("../status/respond.ts");
  return statusResponse(request, ownOverview);
}

/** A rolling reload of the service, this worker included. Spec U3. */
export const ownRestart = (): void => wish("was.restart", "restart");

/** A graceful stop of the service. Spec U3. */
export const ownShutdown = (): void => wish("was.shutdown", "shutdown");

function wish(name: string, what: "restart" | "shutdown"): void {
  demandMaster(name);
  tell({ type: "wish", wish: what });
}

function demandMaster(name: string): void {
  if (!Bun.isMainThread || !process.connected)
    throw new SkitaiError("NO_CONTEXT", { name, accepted: "only in a worker that serves" });
}

function ownOverview(): Promise<Overview> {
  underway ??= askOverview().finally(() => (underway = undefined));
  return underway;
}

async function askOverview(): Promise<Overview> {
  demandMaster("was.status");
  hear();
  const id = ++last;
  const { promise, resolve, reject } = Promise.withResolvers<Overview>();
  waiting.set(id, resolve);
  const late = new SkitaiError("HANDLER_TIMEOUT", {
    name: "was.status",
    accepted: `an answer of the master within ${patience / 1000} s`,
  });
  const timer = setTimeout(() => reject(late), patience);
  tell({ type: "overview", id });
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    waiting.delete(id);
  }
}

function hear(): void {
  if (listens) return;
  listens = true;
  process.on("message", (message: MasterMessage) => {
    if (message.type === "overview") waiting.get(message.id)?.(message.overview);
  });
}
