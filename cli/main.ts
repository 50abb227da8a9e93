#!/usr/bin/env bun
import { defineCommand, renderUsage, runMain } from "citty";
import { description, version } from "skitai/package.json" with { type: "json" };
import { commands } from "./commands.ts";
import { refuseUnknown } from "./unknown.ts";

const words = process.argv.slice(2);
await refuseUnknown(words, commands);
const main = defineCommand({ meta: { name: "skitai", version, description }, subCommands: commands });
await runMain(main, {
  rawArgs: words,
  async showUsage(command, parent) {
    // A mistake is said in one line; the usage is for who asks.
    if (words.length > 0 && !words.includes("--help") && !words.includes("-h")) return;
    const usage = await renderUsage(command, parent);
    console.log(process.stdout.isTTY ? usage : Bun.stripANSI(usage));
  },
});
