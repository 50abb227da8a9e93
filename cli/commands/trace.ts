import { defineCommand } from "citty";
import { SkitaiError } from "../../src/errors.ts";
import { fail } from "../terminal.ts";
import { drawTree } from "../trace/draw.ts";
import { defaultLogs, logFiles } from "../trace/log-files.ts";
import { readTransaction } from "../trace/read.ts";
import { callTree } from "../trace/tree.ts";

/** `skitai trace GTID-C1-R7 logs`. Spec L6. */
export const trace = defineCommand({
  meta: {
    name: "trace",
    description:
      "Draw the calls of one transaction from the logs of all services it went through; ends with 1 when there is nothing of it",
  },
  args: {
    gtxnid: {
      type: "positional",
      required: true,
      description: "Global transaction id: X-Gtxn-Id, or in a log",
    },
    logs: {
      type: "positional",
      required: false,
      valueHint: "logs...",
      description: `Log files, directories with log files, or - (default: ${defaultLogs})`,
    },
    json: { type: "boolean", default: false, description: "As JSON" },
  },
  async run({
    args: {
      gtxnid,
      _: [, ...paths],
      json,
    },
  }) {
    try {
      const files = logFiles(paths.length > 0 ? paths : [defaultLogs]);
      const tree = callTree(await readTransaction(gtxnid, files));
      if (tree.roots.length + tree.others.length === 0)
        throw new SkitaiError("OPTION_INVALID", {
          name: gtxnid,
          accepted: `nothing of it is in ${files.length} log files`,
        });
      const colours = process.stdout.isTTY === true && !process.env["NO_COLOR"];
      process.stdout.write(
        json ? `${JSON.stringify({ gtxnid, ...tree })}\n` : drawTree(gtxnid, tree, colours),
      );
    } catch (error) {
      fail(error);
    }
  },
});
