import { defineCommand } from "citty";
import { becomeScript } from "../become.ts";
import { listenFlags, listenWords } from "../listen.ts";
import { readTarget } from "../target.ts";
import { fail } from "../terminal.ts";

/** `skitai serve ./public`; a script was started before the flags were read. Spec Y3. */
export const serve = defineCommand({
  meta: {
    name: "serve",
    description: "Serve a directory of files, or run a script that calls run() with the flags behind it",
  },
  args: {
    target: {
      type: "positional",
      required: true,
      description: "The directory or the script",
      valueHint: "dir|script",
    },
    ...listenFlags,
    listing: {
      type: "boolean",
      default: false,
      description: "Show what is in directories that have no index.html",
    },
    spa: {
      type: "boolean",
      default: false,
      description: "Answer pages that are not there with /index.html, for an app that routes in the browser",
    },
    cors: { type: "boolean", default: false, description: "Let pages of all sites read the files" },
  },
  run({ args }) {
    try {
      const { kind, path } = readTarget(args.target);
      // `skitai serve --port 80 app.ts`
      if (kind === "script") return becomeScript(path, listenWords(args));
      const switches = (["listing", "spa", "cors"] as const).filter((name) => args[name]);
      return becomeScript(Bun.fileURLToPath(new URL("../serve/files.ts", import.meta.url)), [
        `--directory=${path}`,
        ...switches.map((name) => `--${name}`),
        ...listenWords(args),
      ]);
    } catch (error) {
      fail(error);
    }
  },
});
