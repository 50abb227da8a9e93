import { defineCommand } from "citty";
import { becomeScript } from "../become.ts";
import { listenFlags, listenWords } from "../listen.ts";
import { readOrigin } from "../serve/origin.ts";
import { fail } from "../terminal.ts";

/** `skitai proxy --to http://127.0.0.1:3000`. Spec Y3, P1. */
export const proxy = defineCommand({
  meta: { name: "proxy", description: "Forward everything to another server, websockets too" },
  args: {
    to: {
      type: "string",
      required: true,
      valueHint: "http://host:port",
      description: "Where to; a path is put before those of the requests",
    },
    ...listenFlags,
  },
  run({ args }) {
    try {
      // Said here, in one line, before anything is started.
      readOrigin(args.to);
      becomeScript(Bun.fileURLToPath(new URL("../serve/proxy.ts", import.meta.url)), [
        `--to=${args.to}`,
        ...listenWords(args),
      ]);
    } catch (error) {
      fail(error);
    }
  },
});
