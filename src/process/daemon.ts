import { fstatSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Declaration } from "../config/declaration.ts";
import { getswd } from "../config/paths.ts";
import { SkitaiError } from "../errors.ts";
import { logDirectory } from "../log/directory.ts";
import type { Account } from "../system/user.ts";
import type { ReadyMessage, RefusedMessage } from "./messages.ts";
import { abort, prepare } from "./prepare.ts";
import { asAccount, makeLogDirectory, serviceAccount } from "./privileges.ts";
import { daemonEnvironment } from "./role.ts";
import { ownCommand } from "./self.ts";

/** Starts this script as a daemon; ends with 0 when every worker serves, else with 1 and the daemon's own words. Spec O5. */
export async function startDaemon(declaration: Declaration): Promise<never> {
  const settings = await prepare(declaration);
  const { name } = settings;
  const account = serviceAccount(settings, declaration.forward, process.env);
  const output = openOutput(declaration, name, account);
  const before = fstatSync(output.fd).size;
  const ready = Promise.withResolvers<ReadyMessage | RefusedMessage>();
  const daemon = Bun.spawn(ownCommand(), {
    env: daemonEnvironment(),
    stdio: ["ignore", output.fd, output.fd],
    detached: true,
    serialization: "json",
    ipc: (message: ReadyMessage | RefusedMessage) => ready.resolve(message),
  });
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => daemon.kill("SIGTERM"));
  const served = await Promise.race([ready.promise, daemon.exited.then(() => undefined)]);
  if (served === undefined) {
    process.stderr.write(readFileSync(output.path).subarray(before));
    process.exit(1);
  }
  if (served.type === "refused") return abort([served.message]);
  process.stdout.write(
    `skitai/${name} serves ${served.url}/ as daemon, pid ${served.pid}, output in ${output.path}\n`,
  );
  process.exit(0);
}

interface OutputFile {
  readonly path: string;
  readonly fd: number;
}

/** Where the daemon's stdout and stderr go: beside its logs, or where this user may write. */
function openOutput(
  { logDirectory: declared }: Declaration,
  name: string,
  account: Account | undefined,
): OutputFile {
  const usual = logDirectory(declared ?? "", name, getswd(), account?.name)!;
  const state = join(process.env["XDG_STATE_HOME"] || join(homedir(), ".local/state"), "skitai", name);
  let failure: unknown;
  for (const directory of declared === undefined ? [usual, state] : [usual]) {
    try {
      makeLogDirectory(directory, account);
      asAccount(account, () => mkdirSync(directory, { recursive: true }));
      const path = join(directory, "daemon.log");
      return { path, fd: asAccount(account, () => openSync(path, "a", 0o640)) };
    } catch (error) {
      failure ??= error;
    }
  }
  const accepted = `a directory this user may write (${(failure as NodeJS.ErrnoException).code})`;
  return abort([new SkitaiError("OPTION_INVALID", { name: "enableFileLogging", value: usual, accepted })]);
}
