import { expect, test } from "bun:test";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type AgentFlags, agentSettings } from "../../src/mail/agent-settings.ts";

/** What a file and flags come to, or what is wrong with them. */
function read(
  text: string,
  flags: AgentFlags = {},
  mode = 0o600,
): { settings: ReturnType<typeof agentSettings>; warned: string[] } {
  const directory = mkdtempSync(join(tmpdir(), "skitai-conf-"));
  const path = join(directory, "conf");
  const warned: string[] = [];
  try {
    writeFileSync(path, text);
    chmodSync(path, mode);
    return {
      settings: agentSettings(flags, (line) => warned.push(line.replace(path, "FILE")), path),
      warned,
    };
  } catch (error) {
    throw new Error((error as Error).message.replaceAll(path, "FILE"));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

test("[M3] the file of the reference, comments, quotes and other sections", () => {
  const { settings, warned } = read(
    `[smtpda]\n; text\nverbose = true\nmax-retry = 4\nkeep-days = 2\nsmtp-server = mail.example.com\nuser = me\npassword = "a # b"\nssl = yes\n[else]\nmax-retry = x`,
  );
  expect(settings).toMatchObject({ verbose: true, maxRetry: 4, keepDays: 2 });
  expect(settings.server).toMatchObject({
    host: "mail.example.com",
    port: 465,
    ssl: true,
    user: "me",
    password: "a # b",
    verify: true,
  });
  expect(warned).toEqual([]);
  expect(read("[smtpda]\nsmtp-server=x\nuser=me\npassword=y", {}, 0o644).warned).toEqual([
    "FILE has a password and can be read by others, chmod 600 mends that",
  ]);
});

test("[M3] without a file: ten tries with growing times, three days, nobody's server", () => {
  expect(agentSettings({}, undefined, "/no/such/file")).toEqual({
    verbose: false,
    maxRetry: 10,
    keepDays: 3,
    server: undefined,
    retryAfter: [60, 300, 900, 3600, 7200, 14400, 28800],
    connections: 20,
    serverConnections: 1,
    dkim: undefined,
  });
});

test("[M3] flags go over the file", () => {
  const { settings } = read("[smtpda]\nmax_retry = 4\nkeep_days = 2\n", {
    "max-retry": "7",
    "retry-after": "10s, 1m",
  });
  expect([settings.maxRetry, settings.keepDays, settings.retryAfter]).toEqual([7, 2, [10, 60]]);
});

test("[M3] what is wrong is said with its line, never with a password", () => {
  const wrong = (text: string, flags?: AgentFlags): string => {
    try {
      return JSON.stringify(read(`[smtpda]\n${text}`, flags).settings);
    } catch (error) {
      return (error as Error).message;
    }
  };
  expect(wrong("max-retry = -1")).toBe(
    'FILE:2: max-retry: "-1" is not accepted; accepted: an integer from 0 to 1000',
  );
  expect(wrong("\nmax-rety = 1")).toStartWith("FILE:3: max-rety: unknown, known are verbose, ");
  expect(wrong("", { "keep-days": "many" })).toBe(
    '--keep-days: "many" is not accepted; accepted: days from 0 to 3650',
  );
  expect(wrong("ssl = perhaps\nsmtp-server = x")).toContain('FILE:2: ssl: "perhaps"');
  expect(wrong("retry-after = soon")).toContain('durations like "1m 5m 1h"');
  expect(wrong("smtp-server = x\npassword = hunter2")).toBe("smtpda: user: is missing: a password needs one");
  expect(wrong("dkim-domain = x")).toContain("dkim-selector");
  expect(wrong("dkim-domain = x\ndkim-selector = y\ndkim-key = /no/file")).toContain(
    'FILE:4: dkim-key: "/no/file"',
  );
});
