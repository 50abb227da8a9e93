import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { Declaration } from "../config/declaration.ts";
import { flagOf } from "../config/options.ts";
import type { Settings } from "../config/settings.ts";
import { getswd } from "../config/paths.ts";
import { SkitaiError } from "../errors.ts";
import { logDirectory } from "../log/directory.ts";
import { sharedSpool } from "../mail/place.ts";
import { mark, unitText } from "../system/systemd-unit.ts";
import { type Account, findUser } from "../system/user.ts";
import { abort, examine } from "./prepare.ts";
import { isPrivileged, sudoAccount } from "./privileges.ts";
import { scriptCommand } from "./self.ts";
import { killAfter } from "./worker-handle.ts";

/** Seconds that systemd waits longer than the service itself does. */
const stopMargin = 5;
const installFlags = ["--root", "--fallback-user"];

/** Makes the systemd service of this script, or makes it anew. Spec Y1. */
export const installService = (declaration: Declaration): Promise<never> => put(declaration, "installed");

/** Makes it anew with the options given now; one that was not installed is an error. */
export const updateService = (declaration: Declaration): Promise<never> => put(declaration, "updated");

async function put(declaration: Declaration, done: "installed" | "updated"): Promise<never> {
  const settings = await settingsOf(declaration);
  const place = new Place(declaration, settings.name);
  if (done === "updated" && !place.installed) fail(`${settings.name} is not installed, see install`);
  place.write(unitOf(declaration, settings));
  if (place.live) {
    applySysctl();
    systemctl("daemon-reload");
    systemctl("enable", "--quiet", place.service);
  }
  const next = place.live
    ? `, systemctl ${done === "updated" ? "restart" : "start"} ${settings.name} makes it serve`
    : "";
  process.stdout.write(`skitai/${settings.name} is ${done} as ${place.unit}${next}\n`);
  process.exit(0);
}

/** Stops it and takes everything away that install made. None there is no error. */
export async function removeService(declaration: Declaration): Promise<never> {
  const { name } = await settingsOf(declaration);
  const place = new Place(declaration, name);
  if (place.installed && place.live) systemctl("disable", "--quiet", "--now", place.service);
  const had = place.installed;
  place.remove();
  if (had && place.live) systemctl("daemon-reload");
  process.stdout.write(had ? `skitai/${name} is removed\n` : `skitai/${name} is not installed\n`);
  process.exit(0);
}

async function settingsOf(declaration: Declaration): Promise<Settings> {
  const { settings, errors } = await examine(declaration);
  if (errors.length > 0) return abort(errors);
  const isRoot = process.geteuid?.() === 0;
  if (!isRoot && declaration.commandLine.get("--root") === undefined)
    fail(`${declaration.commandLine.command} needs root, call it with sudo`);
  return settings;
}

const fail = (name: string): never => abort([new SkitaiError("INSTALL_FAILED", { name })]);

/** Where the files of a unit are. */
class Place {
  readonly service: string;
  readonly unit: string;
  readonly sysctl: string;
  /** This machine's systemd is to be told. */
  readonly live: boolean;

  constructor({ commandLine }: Declaration, name: string) {
    const root = commandLine.get("--root");
    const base = typeof root === "string" ? resolve(root) : "/";
    this.live = root === undefined && existsSync("/run/systemd/system");
    this.service = `${name}.service`;
    this.unit = join(base, "etc/systemd/system", this.service);
    this.sysctl = join(base, "etc/sysctl.d", `60-skitai-${name}.conf`);
    if (this.installed && !readFileSync(this.unit, "utf8").startsWith(mark))
      fail(`${this.unit} is not skitai's, choose another --name`);
  }

  get installed(): boolean {
    return statSync(this.unit, { throwIfNoEntry: false }) !== undefined;
  }

  write(unit: string): void {
    try {
      for (const [path, text] of [
        [this.unit, unit],
        [this.sysctl, sysctlText],
      ] as const) {
        mkdirSync(dirname(path), { recursive: true });
        writeFileSync(path, text, { mode: 0o644 });
      }
    } catch (error) {
      fail((error as Error).message);
    }
  }

  remove(): void {
    for (const path of [this.unit, this.sysctl]) rmSync(path, { force: true });
  }
}

/** With it the kernel hands connections that wait for a leaving worker to another one. Linux 5.14. */
const migrate = "net.ipv4.tcp_migrate_req";
const sysctlText = `${mark}\n${migrate} = 1\n`;

function applySysctl(): void {
  try {
    writeFileSync(join("/proc/sys", migrate.replaceAll(".", "/")), "1\n");
  } catch {
    // An older kernel, or a container: reloads do without.
  }
}

function systemctl(...words: readonly string[]): void {
  const { exitCode, stderr } = Bun.spawnSync(["systemctl", ...words], { stdout: "ignore" });
  if (exitCode !== 0) fail(`systemctl ${words.join(" ")}: ${stderr.toString().trim().split("\n")[0]}`);
}

function unitOf(declaration: Declaration, settings: Settings): string {
  const { name, port, graceTimeout, shutdownDelay } = settings;
  const directory = getswd();
  const { user, group } = owner(declaration, settings);
  const logs = logDirectory(declaration.logDirectory, name, directory, user.name);
  const usual = logs !== undefined && declaration.logDirectory === "";
  const given = settings.runDirectory === "" ? undefined : resolve(directory, settings.runDirectory);
  return unitText({
    name,
    command: commandOf(declaration, given === undefined ? [`--run-directory=/run/skitai/${name}`] : []),
    directory,
    user: user.name,
    group,
    privileged: [
      port,
      declaration.forward?.from ?? 0,
      declaration.proxy?.port ?? 0,
      ...declaration.grpc.map((each) => each.port),
    ].some(isPrivileged),
    stopTimeout: graceTimeout + shutdownDelay + killAfter / 1000 + stopMargin,
    logs: usual ? `skitai/${user.name}/${name}` : undefined,
    runtime: given === undefined ? `skitai/${name}` : undefined,
    // What belongs to the user it could write before, such as a database beside the script.
    writable: [
      ...(statSync(directory).uid === user.uid ? [directory] : []),
      ...(usual || logs === undefined ? [] : [logs]),
      ...(given === undefined ? [] : [given]),
      // Where its mail waits for root's agent.
      sharedSpool,
    ],
  });
}

/** `--fallback-user`, else the option `user`, else who called sudo, else the owner of the script's directory, else nobody. */
function owner(
  { commandLine }: Declaration,
  { user }: Settings,
): { user: Account; group: string | undefined } {
  const [text = "", group] = String(commandLine.get("--fallback-user") ?? user).split(":");
  const { uid } = statSync(getswd());
  const found =
    text === "" ? (sudoAccount(process.env) ?? findUser(uid === 0 ? "nobody" : String(uid))) : findUser(text);
  if (found === undefined)
    return abort([
      new SkitaiError("OPTION_INVALID", {
        name: "--fallback-user",
        value: text,
        accepted: "a user of this system",
      }),
    ]);
  return { user: found, group };
}

/** What starts this script again, with the options given now; those of the unit itself are none of it. */
function commandOf({ commandLine }: Declaration, more: readonly string[]): [string, ...string[]] {
  const { flags, rest } = commandLine.given;
  const [program, ...words] = scriptCommand();
  const given = flags
    .filter(({ flag: { long, command } }) => !command && ![...installFlags, flagOf("user")].includes(long))
    .map(({ flag: { long }, value }) => (value === true ? long : `${long}=${value}`));
  return [program, ...words, ...given, ...more, ...rest];
}
