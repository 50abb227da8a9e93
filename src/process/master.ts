import type { Declaration } from "../config/declaration.ts";
import type { Settings } from "../config/options.ts";
import { getswd } from "../config/paths.ts";
import { SkitaiError } from "../errors.ts";
import { logDirectory } from "../log/directory.ts";
import { installLogs, Logs } from "../log/logs.ts";
import { setProcessTitle, shortTitle } from "../system/process-title.ts";
import type { ReadyMessage } from "./messages.ts";
import { abort, prepare } from "./prepare.ts";
import { ownCommand, profileFlag } from "./self.ts";
import { Supervisor } from "./supervisor.ts";

/** Two stop signals that are closer (ms) are one: a Ctrl-C reaches the process group, and npm passes it on as well. */
const oneSignal = 100;

/** Starts and watches the workers; never serves. Exit codes: 0 stopped, 1 not started, 2 forced. Spec W1. */
export async function runMaster(declaration: Declaration): Promise<never> {
  const settings = await prepare(declaration);
  const logs = openLogs(declaration, settings);
  setProcessTitle(`skitai/${settings.name}: master`, shortTitle(settings.name, ":m"));
  const supervisor = new Supervisor(settings, settings.profile ? ownCommand(profileFlag) : ownCommand());
  watchProcess(supervisor, logs);
  const serving = await supervisor.start().catch((error) => abort([error]));
  if (serving) announce(settings);
  process.exit(await supervisor.ended);
}

function openLogs({ logDirectory: declared }: Declaration, { name }: Settings): Logs {
  const directory = logDirectory(declared, name, getswd());
  try {
    return installLogs(new Logs(directory));
  } catch (error) {
    const accepted = `a directory this user may write (${(error as NodeJS.ErrnoException).code})`;
    return abort([
      new SkitaiError("OPTION_INVALID", { name: "enableFileLogging", value: directory, accepted }),
    ]);
  }
}

function watchProcess(supervisor: Supervisor, logs: Logs): void {
  const stop = stopper(supervisor);
  for (const signal of ["SIGTERM", "SIGINT", "SIGQUIT"] as const) process.on(signal, stop);
  process.on("SIGUSR1", () => {
    logs.reopen();
    supervisor.signal("SIGUSR1");
  });
  process.on("SIGTTIN", () => supervisor.resize(1));
  process.on("SIGTTOU", () => supervisor.resize(-1));
  // The script's own code ran here too, and what it started may fail later: that is no reason to stop the service.
  process.on("uncaughtException", (error) => logs.server.traceback(error));
  process.on("unhandledRejection", (reason) => logs.server.traceback(reason));
  // A test runner that is gone leaves no server behind.
  if (process.env["SKITAI_TEST_PARENT"]) process.on("disconnect", () => supervisor.stop());
}

function stopper(supervisor: Supervisor): () => void {
  let last = Number.NEGATIVE_INFINITY;
  return () => {
    const now = performance.now();
    if (now - last < oneSignal) return;
    last = now;
    supervisor.stop();
  };
}

/** Says where it listens: to the terminal, and to the program that started it over IPC. */
function announce({ name, address, port, workers, devel }: Settings): void {
  const host = ["0.0.0.0", "::"].includes(address)
    ? "127.0.0.1"
    : address.includes(":")
      ? `[${address}]`
      : address;
  const url = `http://${host}:${port}`;
  process.stdout.write(
    `skitai/${name} serves ${url}/ from ${workers} worker${workers === 1 ? "" : "s"}${devel ? " (development)" : ""}\n`,
  );
  const message: ReadyMessage = { type: "ready", url, port, pid: process.pid };
  process.send?.(message);
}
