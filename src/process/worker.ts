import type { Declaration } from "../config/declaration.ts";
import type { Settings } from "../config/options.ts";
import { getswd } from "../config/paths.ts";
import { SkitaiError } from "../errors.ts";
import { networkMatcher } from "../http/network.ts";
import { accessLog, type Origin } from "../log/access.ts";
import { logDirectory } from "../log/directory.ts";
import { installLogs, Logs } from "../log/logs.ts";
import { logFilter } from "../log/selective.ts";
import { Deadlines } from "../server/deadlines.ts";
import { dispatcher } from "../server/dispatch.ts";
import { finisher } from "../server/finish.ts";
import { listen } from "../server/listener.ts";
import { Reply } from "../server/reply.ts";
import { type Placed, MountTable } from "../server/table.ts";
import { FileMemory } from "../static/file-memory.ts";
import { maxAges } from "../static/max-age.ts";
import { setProcessTitle, shortTitle } from "../system/process-title.ts";
import { transactionPrefix } from "../trace/transaction.ts";
import type { WorkerMessage } from "./messages.ts";
import { placeMounts, type SharedScope } from "./place.ts";
import { takeBoot } from "./role.ts";
import { startUpkeep } from "./upkeep.ts";
import { watchProcess, watchStart } from "./worker-life.ts";

const tell = (message: WorkerMessage): void => void process.send?.(message);

/** A process that serves: the only place that puts the rooms together. Ends by `process.exit`. */
export async function runWorker(declaration: Declaration): Promise<void> {
  const { settings, index } = takeBoot<Settings>();
  watchStart();
  setProcessTitle(`skitai/${settings.name}: worker #${index}`, shortTitle(settings.name, `:w${index}`));
  try {
    const logs = installLogs(new Logs(logDirectory(declaration.logDirectory, settings.name, getswd())));
    const shared = { idPrefix: transactionPrefix(), trusted: networkMatcher(settings.trustedProxies) };
    const placed = await openMounts(declaration, settings, shared);
    const origin = { worker: `W${index}`, idPrefix: shared.idPrefix };
    const reply = new Reply(replyParts(declaration, settings, logs, origin));
    const server = serve(settings, placed, reply, logs, shared);
    const endUpkeep = startUpkeep(settings, server, logs.server);
    watchProcess({ server, reply, logs, placed, endUpkeep, grace: settings.graceTimeout });
    tell({ type: "ready", port: server.port ?? settings.port });
  } catch (error) {
    refuse(error);
  }
}

function openMounts(declaration: Declaration, settings: Settings, shared: SharedScope): Promise<Placed[]> {
  const { devel, compression, dotFiles, staticMemory } = settings;
  const memory = new FileMemory({ maxBytes: staticMemory });
  const maxAge = devel ? () => undefined : maxAges(declaration.maxAges);
  const directories = { maxAge, memory, compression, dotFiles, revalidate: devel ? 0 : 1 };
  return placeMounts(declaration, settings, shared, directories);
}

function replyParts(
  declaration: Declaration,
  settings: Settings,
  logs: Logs,
  origin: Origin,
): ConstructorParameters<typeof Reply>[0] {
  return {
    log: logs.server,
    access: accessLog(logs.request, settings.logFormat, origin),
    unlogged: logFilter(declaration.logOff),
    deadlines,
    keepAlive: Math.ceil(settings.keepAlive),
    pause: settings.requestTimeout * 1000,
    finish: finisher(settings.compression),
  };
}

const deadlines = new Deadlines();

function serve(
  settings: Settings,
  placed: readonly Placed[],
  reply: Reply,
  logs: Logs,
  shared: SharedScope,
): ReturnType<typeof listen> {
  const { address, port, keepAlive, requestTimeout, devel, silent } = settings;
  const scope = { ...shared, mountPoint: "", debug: devel && !silent };
  const table = new MountTable(placed);
  const dispatch = dispatcher({
    table,
    scope,
    reply,
    deadlines,
    pause: requestTimeout * 1000,
  });
  return listen(dispatch, { address, port, keepAlive, log: logs.server });
}

/** Mounts that cannot be opened are the script's fault: no restart helps, and the master says so. */
function refuse(error: unknown): never {
  const errors = error instanceof AggregateError ? error.errors : [error];
  const message = errors.map(explain).join("\nskitai: ");
  if (errors.every((each) => each instanceof SkitaiError)) tell({ type: "refused", message });
  else process.stderr.write(`${message}\n`);
  process.exit(1);
}

/** Its line, and below it what the script's own code threw. */
function explain(error: unknown): string {
  if (!(error instanceof SkitaiError)) return Bun.inspect(error);
  return error.cause === undefined
    ? error.message
    : `${error.message}\n${Bun.inspect(error.cause).trimEnd()}`;
}
