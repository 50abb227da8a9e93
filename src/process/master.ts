import type { Declaration } from "../config/declaration.ts";
import { helpText } from "../config/help.ts";
import type { Settings } from "../config/options.ts";
import { getswd, isCompiled } from "../config/paths.ts";
import { SkitaiError } from "../errors.ts";
import { readTarget } from "../mounts/target.ts";
import { setProcessTitle, shortTitle } from "../system/process-title.ts";
import type { ReadyMessage } from "./messages.ts";
import { claimPort } from "./port.ts";
import { Supervisor } from "./supervisor.ts";

/** Starts and watches the workers; never serves. Exit codes: 0 stopped, 1 not started, 2 forced. Spec W1. */
export async function runMaster(declaration: Declaration): Promise<void> {
  if (declaration.commandLine.get("--help")) {
    process.stdout.write(helpText(declaration.commandLine));
    process.exit(0);
  }
  const settings = await readSettings(declaration);
  setProcessTitle(`skitai/${settings.name}: master`, shortTitle(settings.name, ":m"));
  const supervisor = new Supervisor(settings, workerCommand());
  watchSignals(supervisor);
  try {
    await supervisor.start();
  } catch (error) {
    abort([error]);
  }
  announce(settings);
  process.exit(await supervisor.ended);
}

/** All that is wrong is said at once, before anything listens. */
async function readSettings(declaration: Declaration): Promise<Settings> {
  const { validate } = await import("../config/validate.ts");
  const { settings, errors } = validate(declaration, process.env);
  const wrong: unknown[] = [...errors, ...badMounts(declaration)];
  if (wrong.length === 0) {
    try {
      return { ...settings, port: claimPort(settings.address, settings.port) };
    } catch (error) {
      wrong.push(error);
    }
  }
  return abort(wrong);
}

function badMounts({ mounts, errors }: Declaration): SkitaiError[] {
  if (mounts.length === 0 && errors.length === 0)
    return [
      new SkitaiError("MOUNT_INVALID", {
        name: "mount",
        accepted: 'nothing is mounted, call mount("/", app) before run()',
      }),
    ];
  return mounts.flatMap(({ target }) => {
    try {
      if (typeof target === "string") readTarget(target, getswd());
      return [];
    } catch (error) {
      return [error as SkitaiError];
    }
  });
}

function abort(errors: readonly unknown[]): never {
  for (const error of errors)
    process.stderr.write(`skitai: ${error instanceof SkitaiError ? error.message : Bun.inspect(error)}\n`);
  process.exit(1);
}

/** The same script in another role; in an executable, the executable itself. */
const workerCommand = (): string[] =>
  isCompiled
    ? [process.execPath, ...process.argv.slice(2)]
    : [process.execPath, ...process.execArgv, Bun.main, ...process.argv.slice(2)];

function watchSignals(supervisor: Supervisor): void {
  for (const signal of ["SIGTERM", "SIGINT", "SIGQUIT"] as const) process.on(signal, () => supervisor.stop());
  process.on("SIGUSR1", () => supervisor.signal("SIGUSR1"));
  process.on("SIGTTIN", () => supervisor.resize(1));
  process.on("SIGTTOU", () => supervisor.resize(-1));
  // A test runner that is gone leaves no server behind.
  if (process.env["SKITAI_TEST_PARENT"]) process.on("disconnect", () => supervisor.stop());
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
