import type { Declaration } from "../config/declaration.ts";
import type { Settings } from "../config/settings.ts";
import { getswd } from "../config/paths.ts";
import type { ForwardDeclaration } from "../config/tls-options.ts";
import { SkitaiError } from "../errors.ts";
import { logDirectory } from "../log/directory.ts";
import { installLogs, Logs } from "../log/logs.ts";
import { Rotation } from "../log/rotation.ts";
import { createWords } from "../state/file.ts";
import { setProcessTitle, shortTitle } from "../system/process-title.ts";
import type { Account } from "../system/user.ts";
import { openCertificates } from "./certificates.ts";
import { openAdmin, openControl } from "./control.ts";
import { reloadsByItself } from "./devel-options.ts";
import { claimProxy } from "./forward-proxy.ts";
import type { ReadyMessage } from "./messages.ts";
import { occupy, refuse } from "./occupy.ts";
import { abort, prepare } from "./prepare.ts";
import { claimPort } from "./port.ts";
import { quicPort } from "./quic.ts";
import { accountVariables, asAccount, makeLogDirectory, serviceAccount } from "./privileges.ts";
import { ownCommand, profileFlag } from "./self.ts";
import { Service, urlOf } from "./service.ts";
import { ServiceManager } from "./service-manager.ts";
import { Supervisor } from "./supervisor.ts";

/** Two stop signals that are closer (ms) are one: a Ctrl-C reaches the process group, and npm passes it on as well. */
const oneSignal = 100;

/** Starts and watches the workers; never serves. Exit codes: 0 stopped, 1 not started, 2 forced. Spec W1. */
export async function runMaster(declaration: Declaration): Promise<never> {
  const manager = new ServiceManager();
  const { settings, files } = await occupy(await prepare(declaration));
  const account = serviceAccount(settings, declaration.forward, process.env);
  Object.assign(process.env, accountVariables(account));
  if (settings.umask !== "") process.umask(Number.parseInt(settings.umask, 8));
  const directory = logDirectory(declaration.logDirectory, settings.name, getswd(), account?.name);
  const logs = openLogs(directory, account);
  setProcessTitle(`skitai/${settings.name}: master`, shortTitle(settings.name, ":m"));
  if (declaration.forward) claimForward(settings, declaration.forward);
  claimGrpc(settings, declaration);
  claimForwardProxy(settings, declaration);
  // Why it failed is logged already.
  const reload = (): void => void service.reload().catch(() => {});
  const certificates = await openCertificates(declaration, reload);
  const command = settings.profile ? ownCommand(profileFlag) : ownCommand();
  const onlooker = reloadsByItself(declaration, settings)
    ? (await import("./devel-start.ts")).reloader(declaration, settings, () => service)
    : undefined;
  const words = openWords(files.directory, account);
  const supervisor = new Supervisor(settings, command, words, certificates, onlooker);
  const reopen = (): void => {
    asAccount(account, () => logs.reopen());
    supervisor.signal("SIGUSR1");
  };
  const service = new Service(settings, supervisor, manager);
  watchProcess(supervisor, service, logs, { reopen, reload });
  listen(service, settings, files.directory);
  startRotation(directory, settings, { logs, account, reopen });
  if (settings.smtpda) await startMailAgent(logs);
  const serving = await supervisor.start().catch(async (error) => {
    await onlooker?.over();
    return abort([error]);
  });
  if (serving) {
    service.started = true;
    announce(settings);
    manager.ready(settings, urlOf(settings));
  }
  const code = await supervisor.ended;
  await onlooker?.over();
  process.exit(code);
}

function claimForward({ address }: Settings, { from }: ForwardDeclaration): void {
  try {
    claimPort(address, from, "in enableForward");
  } catch (error) {
    refuse(error);
  }
}

function claimGrpc({ address, port: main }: Settings, { grpc, forward }: Declaration): void {
  try {
    for (const port of new Set(grpc.map((each) => each.port))) {
      if (port === main || port === forward?.from)
        throw new SkitaiError("OPTION_INVALID", { name: "grpc", value: port, accepted: "a port of its own" });
      claimPort(address, port);
    }
  } catch (error) {
    refuse(error);
  }
}

function claimForwardProxy(settings: Settings, declaration: Declaration): void {
  try {
    claimProxy(settings, declaration);
  } catch (error) {
    refuse(error);
  }
}

function openLogs(directory: string | undefined, account: Account | undefined): Logs {
  try {
    makeLogDirectory(directory, account);
    return asAccount(account, () => installLogs(new Logs(directory)));
  } catch (error) {
    const user = account === undefined ? "this user" : account.name;
    const accepted = `a directory ${user} may write (${(error as NodeJS.ErrnoException).code})`;
    return abort([
      new SkitaiError("OPTION_INVALID", { name: "enableFileLogging", value: directory, accepted }),
    ]);
  }
}

function openWords(directory: string, account: Account | undefined): number {
  try {
    return createWords(directory, account);
  } catch (error) {
    return refuse(error);
  }
}

/** The one process that renames log files is the master: workers follow by the signal that an operator uses too. Spec L2. */
function startRotation(
  directory: string | undefined,
  { logMaxSize: maxSize, logKeep: keep }: Settings,
  { logs, account, reopen }: { logs: Logs; account: Account | undefined; reopen: () => void },
): void {
  if (directory === undefined) return;
  const failed = ({ message }: Error): void => logs.server.log(message, "warn");
  new Rotation({
    directory,
    maxSize,
    keep,
    as: (act) => asAccount(account, act),
    reopen,
    failed,
  }).start();
}

/** Mail waits in the spool for an agent: none is no reason not to serve. Spec O5. */
async function startMailAgent({ server }: Logs): Promise<void> {
  try {
    const { startAgent } = await import("./smtpda-start.ts");
    const { pid, started } = await startAgent({});
    if (started) server.log(`smtpda started, pid ${pid}`);
  } catch (error) {
    server.log(`mail is kept, but not sent: ${(error as Error).message}`, "warn");
  }
}

/** To who asks for its state, or for its end. */
function listen(service: Service, { admin }: Settings, directory: string): void {
  try {
    openControl(directory, service);
    if (admin !== "") openAdmin(admin, service);
  } catch (error) {
    refuse(error);
  }
}

function watchProcess(
  supervisor: Supervisor,
  service: Service,
  logs: Logs,
  { reopen, reload }: { reopen: () => void; reload: () => void },
): void {
  const stop = stopper(service);
  for (const signal of ["SIGTERM", "SIGINT", "SIGQUIT"] as const) process.on(signal, stop);
  process.on("SIGUSR1", reopen);
  process.on("SIGHUP", reload);
  process.on("SIGTTIN", () => supervisor.resize(1));
  process.on("SIGTTOU", () => supervisor.resize(-1));
  // The script's own code ran here too, and what it started may fail later: that is no reason to stop the service.
  process.on("uncaughtException", (error) => logs.server.traceback(error));
  process.on("unhandledRejection", (reason) => logs.server.traceback(reason));
  // A test runner that is gone leaves no server behind.
  if (process.env["SKITAI_TEST_PARENT"]) process.on("disconnect", () => supervisor.stop());
}

function stopper(service: Service): () => void {
  let last = Number.NEGATIVE_INFINITY;
  return () => {
    const now = performance.now();
    if (now - last < oneSignal) return;
    last = now;
    service.stop();
  };
}

/** Says where it listens: to the terminal, and to the program that started it over IPC. */
function announce(settings: Settings): void {
  const { name, port, workers, devel } = settings;
  const url = urlOf(settings);
  const udp = quicPort(settings);
  const quic = udp === undefined ? "" : ` and by HTTP/3 on UDP port ${udp}`;
  process.stdout.write(
    `skitai/${name} serves ${url}/ from ${workers} worker${workers === 1 ? "" : "s"}${quic}${devel ? " (development)" : ""}\n`,
  );
  const message: ReadyMessage = { type: "ready", url, port, pid: process.pid };
  process.send?.(message);
}
