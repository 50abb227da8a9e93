import { readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { parseDuration } from "../config/units.ts";
import { SkitaiError } from "../errors.ts";
import type { DkimOptions } from "./dkim.ts";
import { iniSection } from "./ini.ts";
import { type SmtpOptions, smtpServer, type SmtpServer } from "./smtp-server.ts";

/** What the agent goes by. Durations are seconds. */
export interface AgentSettings {
  readonly verbose: boolean;
  /** Tries of a mail after the first one. */
  readonly maxRetry: number;
  readonly keepDays: number;
  /** Of mails without a server of their own; `undefined`: the servers of their recipients' domains. */
  readonly server: SmtpServer | undefined;
  /** From one try to the next; the last one counts for all further ones. */
  readonly retryAfter: readonly number[];
  /** Deliveries at a time, in all and to one server. */
  readonly connections: number;
  readonly serverConnections: number;
  readonly dkim: DkimOptions | undefined;
}

interface Row {
  readonly help: string;
  readonly flag?: true;
  readonly accepted: string;
  readonly default: string;
}

/** The one table of the agent: names in the file, flags with two hyphens. Spec M3. */
export const agentOptions = {
  verbose: { flag: true, default: "false", accepted: "true or false", help: "log each delivery, too" },
  "max-retry": {
    default: "10",
    accepted: "an integer from 0 to 1000",
    help: "tries of a mail after the first one",
  },
  "keep-days": { default: "3", accepted: "days from 0 to 3650", help: "how long undelivered mails are kept" },
  "smtp-server": {
    default: "",
    accepted: "a name and a port",
    help: "server of mails that name none; without it those of the recipients' domains",
  },
  user: { default: "", accepted: "text", help: "user name at that server" },
  password: {
    default: "",
    accepted: "text",
    help: "password at that server; others see it in a command line, not in the file",
  },
  ssl: { flag: true, default: "false", accepted: "true or false", help: "TLS from the first byte on" },
  starttls: {
    default: "",
    accepted: '"opportunistic", "required" or "never"',
    help: "TLS after the first words: opportunistic, required or never",
  },
  verify: { default: "true", accepted: "true or false", help: "false takes any certificate of that server" },
  auth: {
    default: "",
    accepted: '"PLAIN", "LOGIN", "CRAM-MD5" or "XOAUTH2"',
    help: "PLAIN, LOGIN, CRAM-MD5 or XOAUTH2, default what the server offers",
  },
  token: { default: "", accepted: "text", help: "access token for XOAUTH2" },
  "retry-after": {
    default: "1m 5m 15m 1h 2h 4h 8h",
    accepted: 'durations like "1m 5m 1h"',
    help: "times between tries, the last one for all further ones",
  },
  connections: { default: "20", accepted: "an integer from 1 to 1000", help: "deliveries at a time" },
  "server-connections": {
    default: "1",
    accepted: "an integer from 1 to 100",
    help: "of these to one server; a killed agent may send as many mails twice",
  },
  timeout: { default: "60s", accepted: "1 second to 1 hour", help: "longest silence of a server" },
  "dkim-domain": {
    default: "",
    accepted: "a domain",
    help: "signs mails without a server of their own, with dkim-selector and dkim-key",
  },
  "dkim-selector": { default: "", accepted: "a name", help: "selector of the key" },
  "dkim-key": { default: "", accepted: "a file that can be read", help: "PEM file of the private key" },
} as const satisfies Record<string, Row>;

export type AgentOption = keyof typeof agentOptions;
export type AgentFlags = Readonly<Partial<Record<AgentOption, string>>>;

export const configPath = (): string => join(homedir(), ".skitai.conf");

/** Texts by name, and where each was said. */
type Texts = ReadonlyMap<string, { value: string; where: string }>;

/**
 * Reads the file and puts the flags over it. Spec M3.
 * @param warn told what is no mistake but unwise
 * @throws SkitaiError OPTION_INVALID, OPTION_UNKNOWN; no password is in what they say
 */
export function agentSettings(
  flags: AgentFlags,
  warn: (text: string) => void = () => {},
  path = configPath(),
): AgentSettings {
  const texts = new Map<string, { value: string; where: string }>();
  if (isFile(path)) readInto(texts, path, warn);
  for (const [name, value] of Object.entries(flags)) texts.set(name, { value, where: `--${name}` });
  return {
    verbose: truth(texts, "verbose"),
    maxRetry: integer(texts, "max-retry", 0, 1000),
    keepDays: number(texts, "keep-days", 3650),
    server: serverOf(texts),
    retryAfter: durations(texts),
    connections: integer(texts, "connections", 1, 1000),
    serverConnections: integer(texts, "server-connections", 1, 100),
    dkim: dkimOf(texts),
  };
}

function readInto(
  texts: Map<string, { value: string; where: string }>,
  path: string,
  warn: (text: string) => void,
): void {
  const known = Object.keys(agentOptions);
  const section = iniSection(textIn(path), "smtpda");
  for (const [name, { value, line }] of section) {
    if (!known.includes(name))
      throw new SkitaiError("OPTION_UNKNOWN", {
        name: `${path}:${line}: ${name}`,
        accepted: `unknown, known are ${known.join(", ")}`,
      });
    texts.set(name, { value, where: `${path}:${line}: ${name}` });
  }
  if (section.get("password")?.value && (statSync(path).mode & 0o077) !== 0)
    warn(`${path} has a password and can be read by others, chmod 600 mends that`);
}

/** A home that this user may not enter, as with the HOME of who called sudo, has no file of this user. */
function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function textIn(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new SkitaiError("OPTION_INVALID", { name: path, accepted: `a file that can be read (${code})` });
  }
}

const textOf = (texts: Texts, name: AgentOption): string =>
  texts.get(name)?.value ?? agentOptions[name].default;

function refuse(texts: Texts, name: AgentOption): never {
  const { value, where } = texts.get(name) ?? { value: "", where: name };
  const secret = name === "password" || name === "token";
  throw new SkitaiError("OPTION_INVALID", {
    name: where,
    ...(secret ? {} : { value }),
    accepted: agentOptions[name].accepted,
  });
}

function truth(texts: Texts, name: AgentOption): boolean {
  const text = textOf(texts, name).toLowerCase();
  if (/^(true|yes|on|1)$/.test(text)) return true;
  return /^(false|no|off|0)$/.test(text) ? false : refuse(texts, name);
}

function number(texts: Texts, name: AgentOption, most: number): number {
  const text = textOf(texts, name);
  return /^\d+(\.\d+)?$/.test(text) && Number(text) <= most ? Number(text) : refuse(texts, name);
}

function integer(texts: Texts, name: AgentOption, least: number, most: number): number {
  const found = number(texts, name, most);
  return Number.isInteger(found) && found >= least ? found : refuse(texts, name);
}

function durations(texts: Texts): number[] {
  const all = textOf(texts, "retry-after")
    .split(/[\s,]+/)
    .filter(Boolean)
    .map(parseDuration);
  const good = all.filter((each) => each !== undefined);
  return good.length > 0 && good.length === all.length ? good : refuse(texts, "retry-after");
}

function serverOf(texts: Texts): SmtpServer | undefined {
  const server = textOf(texts, "smtp-server");
  if (server === "") return undefined;
  const given = (name: AgentOption, key: string): Record<string, string> => {
    const text = textOf(texts, name);
    return text === "" ? {} : { [key]: text };
  };
  const token = textOf(texts, "token");
  return smtpServer("smtpda", {
    server,
    ssl: truth(texts, "ssl"),
    verify: truth(texts, "verify"),
    timeout: textOf(texts, "timeout"),
    ...given("user", "user"),
    ...given("password", "password"),
    ...given("starttls", "starttls"),
    ...given("auth", "auth"),
    ...(token === "" ? {} : { oauth2: { accessToken: token } }),
  } as SmtpOptions);
}

function dkimOf(texts: Texts): DkimOptions | undefined {
  const domain = textOf(texts, "dkim-domain");
  if (domain === "") return undefined;
  const selector = textOf(texts, "dkim-selector");
  if (selector === "") refuse(texts, "dkim-selector");
  try {
    return { domain, selector, privateKey: readFileSync(textOf(texts, "dkim-key"), "utf8") };
  } catch {
    return refuse(texts, "dkim-key");
  }
}
