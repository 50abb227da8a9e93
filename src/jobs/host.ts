import type { HostRequest } from "./messages.ts";

/** A worker's hold on one thread or process that runs jobs. */
export interface Host {
  /** @throws DataCloneError when something in it cannot be copied */
  send(message: HostRequest): void;
  /** Lets it end when it has no job. */
  close(): void;
  /** Ends it at once, whatever it does. */
  kill(): void;
}

/** What a host tells the pool that made it. */
export interface HostEvents {
  readonly message: (message: unknown) => void;
  /** It is gone; called once. */
  readonly exited: (reason: string, cause?: unknown) => void;
}

/** @throws the system's error when none can be made */
export type StartHost = (events: HostEvents) => Host;
