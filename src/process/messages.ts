import type { Schedule } from "../config/schedule-options.ts";
import type { ErrorRecord, FailedRequest } from "../metrics/failures.ts";
import type { Snapshot } from "../metrics/snapshot.ts";
import type { Overview } from "../status/overview.ts";
import type { TlsSetup } from "../tls/setup.ts";
import type { WorkerReport } from "./status.ts";

/** What a worker tells its master. */
export type WorkerMessage =
  | { readonly type: "ready"; readonly port: number }
  /** It has opened its mounts and waits for leave to bind. */
  | { readonly type: "opened" }
  /** The kernel took the program of a `steer`, or did not. */
  | { readonly type: "steered"; readonly done: boolean }
  /** Nothing is on its way to it any more. */
  | { readonly type: "quiet" }
  /** Its sockets are closed. */
  | { readonly type: "left" }
  /** It is on the bus from now on. */
  | { readonly type: "listens"; readonly name: string }
  /** What it says on the bus. */
  | { readonly type: "events"; readonly messages: readonly string[] }
  /** It waits for certificates and keys. */
  | { readonly type: "certificates" }
  | LoadedMessage
  | LockMessage
  | SampleMessage
  /** What its version of the script has scheduled. */
  | { readonly type: "schedules"; readonly schedules: readonly Schedule[] }
  /** A scheduled run is over. */
  | { readonly type: "ran"; readonly run: number; readonly error?: string }
  /** A handler asks for what the status page shows; `id` is a number of its own. */
  | { readonly type: "overview"; readonly id: number }
  /** A handler wants the service replaced, or stopped. */
  | { readonly type: "wish"; readonly wish: "restart" | "shutdown" }
  /** The script itself is wrong: starting again cannot help. */
  | RefusedMessage
  /** The answer to a `report`. */
  | ({ readonly type: "report" } & WorkerReport);

/** What a worker has counted, and what went wrong since it said so last. */
export interface SampleMessage {
  readonly type: "sample";
  readonly snapshot: Snapshot;
  readonly errors: readonly ErrorRecord[];
  readonly requests: readonly FailedRequest[];
  readonly states: Readonly<Record<string, number>>;
}

export interface RefusedMessage {
  readonly type: "refused";
  readonly message: string;
}

/** It wants a lock, or does not any more. `id` is a number of its own for this one time. */
export interface LockMessage {
  readonly type: "lock";
  readonly name: string;
  readonly id: number;
  readonly wanted: boolean;
}

/** What a worker is made of, in development; again when there is more. Absolute paths. */
export interface LoadedMessage {
  readonly type: "loaded";
  readonly files: readonly string[];
  /** What is mounted by name, with or without the ending of its file. */
  readonly wanted: readonly string[];
  /** Hashes, by name, of the options that the script says. */
  readonly options: Readonly<Record<string, string>>;
}

/** What a master asks its worker. */
export interface ReportRequest {
  readonly type: "report";
}

/** What a master answers a worker that waits for certificates. */
export interface CertificatesMessage {
  readonly type: "certificates";
  readonly setup: TlsSetup;
}

/** What a master tells its worker. */
export type MasterMessage =
  | ReportRequest
  | CertificatesMessage
  | { readonly type: "bind" }
  /** Say what you have counted. */
  | { readonly type: "sample" }
  /** Run this now; `time` is when it was due, ms since the epoch. */
  | { readonly type: "run"; readonly run: number; readonly name: string; readonly time: number }
  | { readonly type: "overview"; readonly id: number; readonly overview: Overview }
  /** What another worker says on the bus; one that has ended. */
  | { readonly type: "events"; readonly from: string; readonly messages: readonly string[] }
  | { readonly type: "gone"; readonly worker: string }
  /** The lock it wanted by this number is its own. */
  | { readonly type: "locked"; readonly id: number }
  /** It is being replaced; it has replaced another, which answers nobody new any more. */
  | { readonly type: "beforeReload" | "reloaded" }
  /** New connections go to none of the places in `closing`; a group of 0 is steered no more. */
  | { readonly type: "steer"; readonly size: number; readonly closing: readonly number[] }
  /** Close kept connections, and say when it is quiet. */
  | { readonly type: "drain" }
  /** Close the sockets, finish and end; within `linger` seconds, or the grace time when it is not given. */
  | { readonly type: "leave"; readonly linger?: number }
  /** Why a newer version does not start, to be shown. */
  | { readonly type: "fault"; readonly text: string };

/** What a master tells whoever started it with an IPC channel (the test client). */
export interface ReadyMessage {
  readonly type: "ready";
  readonly url: string;
  readonly port: number;
  readonly pid: number;
}

export const tell = (message: WorkerMessage): void => void process.send?.(message);
