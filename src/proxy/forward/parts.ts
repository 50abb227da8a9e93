import type { ProxyIdle, ProxyOptions } from "../../config/proxy-options.ts";
import type { RelayedAnswer, RelayedRequest } from "../../http/relay.ts";
import type { AccessLog } from "../../log/access.ts";
import type { ApplicationLog } from "../../log/application.ts";

/** What may answer instead of a server, or keep what it answered. */
export interface AnswerCache {
  /** @param forward asks the server; `detached` when others wait for the answer as well, or nobody does */
  answer(
    request: RelayedRequest,
    forward: (request: RelayedRequest, detached: boolean) => Promise<RelayedAnswer>,
  ): RelayedAnswer | Promise<RelayedAnswer>;
}

/** What the forward proxy is made of. */
export interface ForwardParts {
  readonly address: string;
  readonly options: ProxyOptions;
  /** Seconds. */
  readonly idle: ProxyIdle;
  readonly trusted: (address: string) => boolean;
  /** What global ids of this process start with. */
  readonly idPrefix: string;
  /** Numbers the transactions that start here. */
  readonly next: () => number;
  readonly log: ApplicationLog;
  /** `undefined` when no request is logged. */
  readonly access: AccessLog | undefined;
  readonly unlogged: ((path: string) => boolean) | undefined;
  /** Called once for each request that has ended. */
  readonly served: () => void;
  readonly cache?: AnswerCache | undefined;
}
