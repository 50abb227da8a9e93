import type { PackedError } from "./packed-error.ts";

/** What a worker tells a thread or process that runs jobs. */
export type HostRequest =
  | { readonly type: "job"; readonly name: string; readonly args: readonly unknown[] }
  /** Log files were renamed. */
  | { readonly type: "reopen" };

/** What such a host answers; one job at a time. */
export type HostAnswer =
  | { readonly type: "ready" }
  | { readonly type: "done"; readonly result: unknown }
  /** The job threw. */
  | { readonly type: "failed"; readonly error: PackedError }
  /** There is no such job, or what it gave cannot be copied. */
  | { readonly type: "invalid"; readonly reason: string }
  /** Nobody caught an error: the host ends. */
  | { readonly type: "crashed"; readonly error: PackedError };

const types: ReadonlySet<unknown> = new Set(["ready", "done", "failed", "invalid", "crashed"]);

/** Marks the engine's messages: a job may use the same channel. */
const mark = "skitai-job";

/** A message as it is sent. */
export type Marked<Message> = Message & { readonly for: typeof mark };

export const marked = <Message extends HostRequest | HostAnswer>(message: Message): Marked<Message> => ({
  ...message,
  for: mark,
});

const isMarked = (message: unknown): message is { readonly type: unknown } =>
  typeof message === "object" && message !== null && (message as { for?: unknown }).for === mark;

export const isAnswer = (message: unknown): message is HostAnswer =>
  isMarked(message) && types.has(message.type);

export const isRequest = (message: unknown): message is HostRequest =>
  isMarked(message) && (message.type === "job" || message.type === "reopen");
