import type { Declaration } from "../config/declaration.ts";
import type { Settings } from "../config/settings.ts";
import { getswd } from "../config/paths.ts";
import { SkitaiError } from "../errors.ts";
import { networkMatcher } from "../http/network.ts";
import { installHosts } from "../jobs/pools.ts";
import { accessLog, type Origin } from "../log/access.ts";
import { logDirectory } from "../log/directory.ts";
import { installLogs, Logs } from "../log/logs.ts";
import { logFilter } from "../log/selective.ts";
import { serveOptions, type TlsSetup } from "../tls/setup.ts";
import { installRooms } from "../websocket/rooms.ts";
import { SharedRooms } from "../websocket/shared-rooms.ts";
import { Deadlines } from "../server/deadlines.ts";
import { dispatcher, transactionNumbers } from "../server/dispatch.ts";
import { finisher } from "../server/finish.ts";
import { forwarder, toDomain } from "../server/forward.ts";
import { listen } from "../server/listener.ts";
import { Reply } from "../server/reply.ts";
import { type Placed, MountTable } from "../server/table.ts";
import { installLocks } from "../state/lock.ts";
import { bus, watchEvents } from "../state/process-events.ts";
import { claimNames } from "../state/process.ts";
import { FileMemory } from "../static/file-memory.ts";
import { maxAges } from "../static/max-age.ts";
import { oldestTakesAll } from "../system/reuseport.ts";
import { setProcessTitle, shortTitle } from "../system/process-title.ts";
import { transactionPrefix } from "../trace/transaction.ts";
import { AppLives } from "./app-lives.ts";
import { reloadsByItself } from "./devel-options.ts";
import type { DevelWorker } from "./devel-worker.ts";
import { jobHosts } from "./job-hosts.ts";
import type { RelaySettings } from "../mounts/mount.ts";
import { connectBus } from "./bus.ts";
import { openCluster } from "./cluster.ts";
import { openEdge } from "./edge.ts";
import { masterLocks } from "./locks.ts";
import { tell } from "./messages.ts";
import { placeMounts, type SharedScope } from "./place.ts";
import { openProxy } from "./forward-proxy.ts";
import { openGrpc } from "./grpc.ts";
import { dropPrivileges, serviceAccount } from "./privileges.ts";
import { altSvcOf, flushQuic, quicPort } from "./quic.ts";
import { takeBoot } from "./role.ts";
import { askToBind, GroupMember } from "./reload-member.ts";
import { askForCertificates } from "./secrets.ts";
import { watchSchedules } from "./scheduled-runs.ts";
import { startUpkeep } from "./upkeep.ts";
import { watchProcess, watchStart } from "./worker-life.ts";
import { reportState } from "./worker-state.ts";

/** A process that serves: the only place that puts the rooms together. Ends by `process.exit`. */
export async function runWorker(declaration: Declaration): Promise<void> {
  const { settings, index } = takeBoot<Settings>();
  watchStart();
  const quic = index === "quic";
  const short = quic ? "q" : index;
  setProcessTitle(`skitai/${settings.name}: worker #${index}`, shortTitle(settings.name, `:w${short}`));
  try {
    claimNames();
    const locks = masterLocks();
    installLocks(locks);
    connectBus(bus);
    watchEvents((error) => logs.app.traceback(error));
    installRooms(new SharedRooms(bus));
    const account = serviceAccount(settings, declaration.forward, process.env);
    // Before anything of the app is opened but what the script itself did.
    const finishDrop = dropPrivileges(account);
    const directory = logDirectory(declaration.logDirectory, settings.name, getswd(), account?.name);
    const logs = installLogs(new Logs(directory));
    installHosts(jobHosts(settings, index, directory));
    const shared = { idPrefix: transactionPrefix(), trusted: networkMatcher(settings.trustedProxies) };
    const devel = reloadsByItself(declaration, settings)
      ? new (await import("./devel-worker.ts")).DevelWorker(declaration, settings)
      : undefined;
    await openCluster(declaration, settings, { locks, logs });
    const relay = await openEdge(declaration, settings, logs);
    const placed = await openMounts(declaration, settings, shared, relay).finally(() => devel?.report());
    const lives = new AppLives(placed, logs.server);
    await lives.mounted();
    const origin = { worker: `W${quic ? "Q" : index}`, idPrefix: shared.idPrefix };
    const answers = replyParts(declaration, settings, logs, origin);
    const reply = new Reply(answers);
    const next = transactionNumbers();
    const grpc = await openGrpc(quic ? withoutGrpc : declaration, settings, {
      ...shared,
      ...answers,
      reply,
      next,
    });
    const proxies = quic
      ? []
      : await openProxy(declaration, settings, { ...shared, ...answers, reply, next, cache: relay.cache });
    const setup = settings.secure ? await askForCertificates() : undefined;
    await askToBind();
    const [server, ...beside] = serve(declaration, settings, {
      placed,
      reply,
      logs,
      shared,
      setup,
      devel,
      next,
      quic,
    });
    for (const each of grpc) await each.listen(setup && serveOptions(setup));
    for (const each of proxies) await each.listen();
    const others = [...grpc, ...proxies];
    const member = new GroupMember(
      quic ? [] : [server, ...beside, ...others].flatMap(({ port }) => port ?? []),
    );
    if (quic && !oldestTakesAll(server.port!))
      logs.server.log("this kernel breaks connections by HTTP/3 at a reload", "warn");
    finishDrop();
    const endUpkeep = startUpkeep(settings, server, logs.server);
    watchProcess({
      server,
      beside,
      others,
      member,
      reply,
      logs,
      lives,
      endUpkeep,
      grace: settings.graceTimeout,
      lastCounts: reportState({ index, servers: [server, ...beside], reply, cache: relay.cache }),
      flush: quic ? flushQuic : flushNothing,
    });
    lives.maintain();
    if (!quic) watchSchedules(declaration.schedules);
    tell({ type: "ready", port: server.port ?? settings.port });
  } catch (error) {
    refuse(error);
  }
}

function openMounts(
  declaration: Declaration,
  settings: Settings,
  shared: SharedScope,
  relay: RelaySettings,
): Promise<Placed[]> {
  const { devel, compression, dotFiles, staticMemory } = settings;
  const memory = new FileMemory({ maxBytes: staticMemory });
  const maxAge = devel ? () => undefined : maxAges(declaration.maxAges);
  const directories = { maxAge, memory, compression, dotFiles, revalidate: devel ? 0 : 1 };
  return placeMounts(declaration, settings, shared, directories, relay);
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
    altSvc: altSvcOf(settings),
    hsts: settings.secure && settings.hsts > 0 ? `max-age=${Math.floor(settings.hsts)}` : undefined,
  };
}

const deadlines = new Deadlines();
/** The port of a gRPC service is that of its TCP workers. */
const withoutGrpc = { grpc: [] };
const flushNothing = async (): Promise<void> => {};

interface Served {
  readonly placed: readonly Placed[];
  readonly reply: Reply;
  readonly logs: Logs;
  readonly shared: SharedScope;
  readonly setup: TlsSetup | undefined;
  readonly devel: DevelWorker | undefined;
  /** Numbers the transactions of all listeners. */
  readonly next: () => number;
  /** HTTP/3, and nothing else. */
  readonly quic: boolean;
}

type Listener = ReturnType<typeof listen>;

/** The main listener, and the one of `enableForward` if there is one. */
function serve(
  { forward }: Declaration,
  settings: Settings,
  { placed, reply, logs, shared, setup, devel: reloaded, next, quic }: Served,
): [Listener, ...Listener[]] {
  const { address, port, keepAlive, requestTimeout, devel, silent, http2 } = settings;
  const scope = { ...shared, mountPoint: "", debug: devel && !silent };
  const table = new MountTable(placed);
  const dispatch = dispatcher({
    table,
    scope,
    reply,
    deadlines,
    pause: requestTimeout * 1000,
    next,
    version: quic ? "3" : "1.1",
    elsewhere: toDomain(forward),
  });
  const common = { address, keepAlive, http2, log: logs.server };
  const main = listen(reloaded?.around(dispatch) ?? dispatch, {
    ...common,
    port: quic ? quicPort(settings)! : port,
    http3: quic,
    tls: setup && serveOptions(setup),
  });
  if (forward === undefined || quic) return [main];
  return [main, listen(forwarder(forward, { scope, reply, next }), { ...common, port: forward.from })];
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
