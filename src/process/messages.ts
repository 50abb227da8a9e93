/** What a worker tells its master. */
export type WorkerMessage =
  | { readonly type: "ready"; readonly port: number }
  /** The script itself is wrong: starting again cannot help. */
  | { readonly type: "refused"; readonly message: string };

/** What a master tells whoever started it with an IPC channel (the test client). */
export interface ReadyMessage {
  readonly type: "ready";
  readonly url: string;
  readonly port: number;
  readonly pid: number;
}
