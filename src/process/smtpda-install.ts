import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { SkitaiError } from "../errors.ts";
import type { AgentFlags } from "../mail/agent-settings.ts";
import { sharedSpool } from "../mail/place.ts";
import { mark, unitText } from "../system/systemd-unit.ts";
import { findUser } from "../system/user.ts";
import { scriptCommand } from "./self.ts";
import { agentPatience } from "./smtpda.ts";

const name = "skitai-smtpda";
/** Seconds that systemd waits longer than the agent. */
const stopMargin = 5;

/**
 * Makes the systemd service of the agent, or makes it anew. Root's sends the mail of all users. Spec Y1.
 * @returns what to say
 * @throws SkitaiError INSTALL_FAILED
 */
export function installAgent(root: string | undefined, user: string | undefined, flags: AgentFlags): string {
  const place = placeOf(root);
  requireRoot(root, "install");
  if (flags.password !== undefined || flags.token !== undefined)
    throw fail("a unit can be read by all: put password and token into ~/.skitai.conf");
  const account = findUser(user ?? "root");
  if (account === undefined)
    throw new SkitaiError("OPTION_INVALID", {
      name: "--fallback-user",
      value: user,
      accepted: "a user of this system",
    });
  const [program, ...words] = scriptCommand();
  const spool = account.uid === 0 ? sharedSpool : join(account.home, ".skitai");
  const text = unitText({
    name,
    command: [
      program,
      ...words,
      "smtpda",
      ...Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`),
    ],
    directory: "/",
    user: account.name,
    group: undefined,
    privileged: false,
    stopTimeout: agentPatience + stopMargin,
    logs: undefined,
    runtime: undefined,
    writable: [spool, ...(account.uid === 0 ? [] : [sharedSpool])],
  });
  try {
    mkdirSync(dirname(place), { recursive: true });
    // What is written must be there when systemd makes the rest read-only.
    mkdirSync(join(resolve(root ?? "/"), sharedSpool), { recursive: true, mode: 0o1777 });
    writeFileSync(place, text, { mode: 0o644 });
  } catch (error) {
    throw fail((error as Error).message);
  }
  if (isLive(root)) {
    systemctl("daemon-reload");
    systemctl("enable", "--quiet", `${name}.service`);
  }
  return `smtpda is installed as ${place}${isLive(root) ? `, systemctl start ${name} makes it send` : ""}`;
}

/** Stops it and takes it away; mails stay. None there is no error. @returns what to say */
export function removeAgent(root: string | undefined): string {
  const place = placeOf(root);
  requireRoot(root, "remove");
  if (!existsSync(place)) return "smtpda is not installed";
  if (isLive(root)) systemctl("disable", "--quiet", "--now", `${name}.service`);
  rmSync(place, { force: true });
  if (isLive(root)) systemctl("daemon-reload");
  return "smtpda is removed";
}

function placeOf(root: string | undefined): string {
  const place = join(resolve(root ?? "/"), "etc/systemd/system", `${name}.service`);
  if (existsSync(place) && !readFileSync(place, "utf8").startsWith(mark))
    throw fail(`${place} is not skitai's`);
  return place;
}

function requireRoot(root: string | undefined, action: string): void {
  if (root === undefined && process.geteuid?.() !== 0)
    throw fail(`smtpda ${action} needs root, call it with sudo`);
}

/** This machine's systemd is to be told. */
const isLive = (root: string | undefined): boolean => root === undefined && existsSync("/run/systemd/system");

const fail = (text: string): SkitaiError => new SkitaiError("INSTALL_FAILED", { name: text });

function systemctl(...words: readonly string[]): void {
  const { exitCode, stderr } = Bun.spawnSync(["systemctl", ...words], { stdout: "ignore" });
  if (exitCode !== 0) throw fail(`systemctl ${words.join(" ")}: ${stderr.toString().trim().split("\n")[0]}`);
}
