import { accessSync, chownSync, constants, mkdirSync, statSync } from "node:fs";
import type { Settings } from "../config/settings.ts";
import { getswd } from "../config/paths.ts";
import type { ForwardDeclaration } from "../config/tls-options.ts";
import { SkitaiError } from "../errors.ts";
import { actAs, becomeUser } from "../system/privileges.ts";
import { type Account, findGroup, findUser } from "../system/user.ts";

/** Ports below need root to listen on. */
const privilegedPorts = 1024;

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Who the workers are when the service was started by root; `undefined` is whoever started it. Spec W7.
 *
 * `user` decides when it is given, `root` keeps root; else the user that called sudo; else `nobody` when root was needed, which
 * is for a port below 1024. Who is root already, as in a container or a root shell, and needs nothing of it, is left alone.
 * The script itself runs in each worker before that, as root; modules that are mounted by name are loaded behind it.
 * @throws SkitaiError OPTION_INVALID for a user or group that there is not, or that only root could become
 */
export function serviceAccount(
  { user, port, quic }: Pick<Settings, "user" | "port" | "quic">,
  forward: ForwardDeclaration | undefined,
  environment: Environment,
): Account | undefined {
  const self = process.getuid?.();
  if (self === undefined) return undefined;
  if (user !== "") return chosenAccount(user, self);
  if (self !== 0) return undefined;
  return (
    sudoAccount(environment) ??
    ([port, Number(quic), forward?.from ?? 0].some(isPrivileged) ? nobody() : undefined)
  );
}

/** What is wrong with `user`. */
export function badAccount(
  settings: Pick<Settings, "user" | "port" | "quic">,
  forward: ForwardDeclaration | undefined,
): Error[] {
  try {
    serviceAccount(settings, forward, process.env);
    return [];
  } catch (error) {
    return [error as Error];
  }
}

export const isPrivileged = (port: number): boolean => port > 0 && port < privilegedPorts;

function chosenAccount(text: string, self: number): Account | undefined {
  const [userName = "", groupName] = text.split(":", 2);
  const user = findUser(userName);
  const gid = groupName === undefined ? user?.gid : findGroup(groupName);
  if (user === undefined || gid === undefined)
    throw refused(text, `a user of this system${groupName === undefined ? "" : " and a group of it"}`);
  if (user.uid === self && (groupName === undefined || gid === process.getgid?.())) return undefined;
  if (self !== 0) throw refused(text, "the user that starts it, others need root");
  return { ...user, gid };
}

const refused = (value: string, accepted: string): SkitaiError =>
  new SkitaiError("OPTION_INVALID", { name: "user", value, accepted });

/** The user who called sudo; never root, who may have called it as well. */
export function sudoAccount({ SUDO_UID = "", SUDO_GID = "" }: Environment): Account | undefined {
  if (!isNumber(SUDO_UID)) return undefined;
  const user = findUser(SUDO_UID)!;
  return { ...user, gid: isNumber(SUDO_GID) ? Number(SUDO_GID) : user.gid || nobody().gid };
}

const isNumber = (text: string): boolean => /^[1-9]\d{0,9}$/.test(text) && Number(text) < 2 ** 32 - 1;

const nobody = (): Account => findUser("nobody") ?? { name: "nobody", uid: 65534, gid: 65534, home: "/" };

/** Does it as the workers' user would, when that is another. */
export const asAccount = <T>(account: Account | undefined, act: () => T): T =>
  account === undefined ? act() : actAs(account, act);

/** Makes a log directory that is missing, for `account`. One that is there stays whose it is. */
export function makeLogDirectory(directory: string | undefined, account: Account | undefined): void {
  if (directory === undefined || account === undefined) return;
  if (statSync(directory, { throwIfNoEntry: false })) return;
  mkdirSync(directory, { recursive: true, mode: 0o755 });
  chownSync(directory, account.uid, account.gid);
}

/** Variables that say whose process it is. */
export const accountVariables = (account: Account | undefined): Environment =>
  account === undefined ? {} : { HOME: account.home, USER: account.name, LOGNAME: account.name };

/**
 * A worker becomes `account`. The function returned is for when it listens: nothing of root is left then.
 * @throws SkitaiError LAUNCH_FAILED when the account cannot read the script's directory
 */
export function dropPrivileges(account: Account | undefined): () => void {
  if (account === undefined) return () => {};
  const finish = becomeUser(account);
  try {
    accessSync(getswd(), constants.R_OK | constants.X_OK);
  } catch {
    throw new SkitaiError("LAUNCH_FAILED", {
      name: `workers run as ${account.name}, who cannot read ${getswd()}`,
      accepted: "let that user read it, choose another with --user=NAME, or keep root with --user=root",
    });
  }
  return finish;
}
