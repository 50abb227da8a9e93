import type { Declaration } from "../config/declaration.ts";
import type { Settings } from "../config/settings.ts";
import { SkitaiError } from "../errors.ts";
import { RunningService } from "./control-client.ts";
import { startDaemon } from "./daemon.ts";
import { abort, examine, prepare } from "./prepare.ts";
import { findRunDirectories, isOneOfMany } from "./run-directory.ts";
import { isHeld } from "./service-files.ts";
import { statusText } from "./status.ts";

/** Exit code of `status` for a service that does not run, as the LSB says of init scripts. */
export const notRunning = 3;

/** Exit code of `reload` then, by the same book. */
export const nothingToReload = 7;

/** Ends with 0 when no such service runs any more, with 1 when it did not stop in its time. Spec W6. */
export async function stopService(declaration: Declaration): Promise<never> {
  const settings = await placeOf(declaration);
  process.stdout.write(await endService(settings));
  process.exit(0);
}

/** Starts it, whether it ran or not; what is wrong with the script is said before anything stops. Spec W6. */
export async function restartService(declaration: Declaration): Promise<never> {
  const settings = await prepare(declaration);
  process.stdout.write(await endService(settings));
  return startDaemon(declaration);
}

/** Ends with 0 when the new version serves; else the old one serves on, and this says why. Spec W4, W6. */
export async function reloadService(declaration: Declaration): Promise<never> {
  const settings = await placeOf(declaration);
  const service = findService(settings);
  if (service === undefined) {
    process.stdout.write(`skitai/${settings.name} does not run\n`);
    process.exit(nothingToReload);
  }
  const reason = await service.reload().catch(() => "it ended meanwhile");
  if (reason !== undefined) abort([`skitai/${settings.name} was not reloaded: ${reason}`]);
  process.stdout.write(`skitai/${settings.name} reloaded\n`);
  process.exit(0);
}

/** Spec W6. */
export async function showStatus(declaration: Declaration): Promise<never> {
  const settings = await placeOf(declaration);
  const service = findService(settings);
  const status = await service?.status().catch(() => undefined);
  if (status === undefined) {
    process.stdout.write(
      declaration.commandLine.get("--json") ? "null\n" : `skitai/${settings.name} does not run\n`,
    );
    process.exit(notRunning);
  }
  process.stdout.write(
    declaration.commandLine.get("--json") ? `${JSON.stringify(status)}\n` : statusText(status),
  );
  process.exit(0);
}

/** What finds the service: a script that cannot be started any more can still be stopped. */
async function placeOf(declaration: Declaration): Promise<Settings> {
  const { settings, errors } = await examine(declaration);
  const known = [settings.name, settings.port, settings.runDirectory].every((value) => value !== undefined);
  const wrong = declaration.commandLine.problems();
  return known && wrong.length === 0 ? settings : abort(errors);
}

/** The running service that these settings mean; when there are several of them, ends with one line. */
function findService(settings: Settings): RunningService | undefined {
  const many = isOneOfMany(settings);
  const own = findRunDirectories(settings, many).filter(isHeld);
  const [first, second] = own.filter(
    (path) => settings.port === 0 || !many || path.endsWith(`-${settings.port}`),
  );
  if (second !== undefined)
    abort([
      new SkitaiError("OPTION_INVALID", {
        name: "port",
        value: settings.port,
        accepted: `the port of one of ${own.join(", ")}`,
      }),
    ]);
  return first === undefined ? undefined : new RunningService(first);
}

/** @returns what to say */
async function endService(settings: Settings): Promise<string> {
  const service = findService(settings);
  if (service === undefined) return `skitai/${settings.name} does not run\n`;
  const reason = await service.end();
  if (reason !== undefined) abort([`skitai/${settings.name}, ${reason}`]);
  return `skitai/${settings.name} stopped\n`;
}
