#!/usr/bin/env bun
import { defineCommand, renderUsage, runMain } from "citty";
import { description, version } from "skitai/package.json" with { type: "json" };
import { commands } from "./commands.ts";
import { defineCommands } from "./definitions.ts";
import { examplesText } from "./examples.ts";
import { runPassed } from "./passed.ts";
import { fail } from "./terminal.ts";
import { refuseUnknown } from "./unknown.ts";

// Compiled, skitai starts itself as the mail agent: the environment says so.
if (process.env["SKITAI_ROLE"] === "smtpda" && process.send !== undefined) {
  await (await import("../src/process/smtpda.ts")).runSpawnedAgent();
  await new Promise(() => {});
}

const words = process.argv.slice(2);
// `skitai … | head`: who has read enough is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));
try {
  runPassed(words);
} catch (error) {
  fail(error);
}
defineCommands(commands);
await refuseUnknown(words, commands);
const main = defineCommand({ meta: { name: "skitai", version, description }, subCommands: commands });
await runMain(main, {
  rawArgs: words,
  async showUsage(command, parent) {
    // A mistake is said in one line; the usage is for who asks.
    if (words.length > 0 && !words.includes("--help") && !words.includes("-h")) return;
    const usage = (await renderUsage(command, parent)) + examplesText(parent && words[0]);
    console.log(process.stdout.isTTY ? usage : Bun.stripANSI(usage));
  },
});
