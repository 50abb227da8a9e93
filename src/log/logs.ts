import { join } from "node:path";
import { ApplicationLog } from "./application.ts";
import { Sink } from "./sink.ts";

/** The three logs of one process: requests, the engine, the application. Spec L2. */
export class Logs {
  readonly request: Sink;
  readonly server: ApplicationLog;
  readonly app: ApplicationLog;
  readonly #sinks: readonly Sink[];

  /** @param directory for `request.log`, `server.log`, `app.log`; `undefined` is the console, as one stream. */
  constructor(directory: string | undefined) {
    const [request, server, app] = directory === undefined ? consoleSinks() : fileSinks(directory);
    this.request = request;
    this.server = new ApplicationLog(server);
    this.app = new ApplicationLog(app);
    this.#sinks = [...new Set([request, server, app])];
  }

  flush(): void {
    for (const sink of this.#sinks) sink.flush();
  }

  reopen(): void {
    for (const sink of this.#sinks) sink.reopen();
  }
}

let installed: Logs | undefined;

/** Makes `logs` the ones of this process. */
export function installLogs(logs: Logs): Logs {
  installed = logs;
  return logs;
}

/** The logs of this process; before the worker has opened its own, the console. */
export const processLogs = (): Logs => (installed ??= new Logs(undefined));

type Three = readonly [Sink, Sink, Sink];

function consoleSinks(): Three {
  const sink = new Sink({ fd: 1 });
  return [sink, sink, sink];
}

const fileSinks = (directory: string): Three => [
  new Sink({ path: join(directory, "request.log") }),
  new Sink({ path: join(directory, "server.log") }),
  new Sink({ path: join(directory, "app.log") }),
];
