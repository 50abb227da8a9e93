import { resolve } from "node:path";
import { defineCommand } from "citty";
import { runRoots } from "../../src/process/run-directory.ts";
import type { Finding, Machine, State } from "../doctor/check.ts";
import { checks } from "../doctor/checks.ts";
import { fail } from "../terminal.ts";

/** `skitai doctor`. Spec Y3. */
export const doctor = defineCommand({
  meta: {
    name: "doctor",
    description: "Look whether this machine has what a service needs; ends with 1 when something is wrong",
  },
  args: {
    json: { type: "boolean", default: false, description: "As JSON, an object by check" },
    root: { type: "string", description: "Directory with another machine's /proc, /dev and /run" },
  },
  run({ args: { json, root = "/" } }) {
    try {
      const findings = examine({
        root: resolve(root),
        uid: process.getuid?.() ?? 0,
        bun: Bun.version,
        runRoots: runRoots(),
      });
      process.stdout.write(json ? `${JSON.stringify(findings)}\n` : textOf(findings));
      process.exit(Object.values(findings).some(({ state }) => state === "wrong") ? 1 : 0);
    } catch (error) {
      fail(error);
    }
  },
});

type Findings = Readonly<Record<string, Finding>>;

const examine = (machine: Machine): Findings =>
  Object.fromEntries(Object.entries(checks).map(([name, check]) => [name, check(machine)]));

const marks: Readonly<Record<State, string>> = { ok: "ok    ", advice: "advice", wrong: "WRONG " };

const textOf = (findings: Findings): string =>
  Object.entries(findings)
    .map(([name, { state, value, text }]) => {
      const line = `${marks[state]}  ${name}: ${value}\n`;
      return text === undefined ? line : `${line}        ${text}\n`;
    })
    .join("");
