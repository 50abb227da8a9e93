import { delimiter, join } from "node:path";
import { becomeProgram } from "../become.ts";
import { executableVariable } from "../../src/process/self.ts";
import { fail } from "../terminal.ts";
import { type Carried, openRuntime } from "./runtime.ts";

/**
 * What the executable `skitai` does: it becomes the Bun that it is made of, with the command's own sources. From there on
 * all is as with an installed package: a script is the main one of its process, workers and threads are started from it,
 * and it finds this engine where no other is installed. Spec Y3.
 */
export async function launch(carried: Carried): Promise<never> {
  try {
    const packages = await openRuntime(carried);
    const { NODE_PATH } = process.env;
    return becomeProgram(
      // A package that is missing is an error, nothing that is fetched meanwhile.
      [process.execPath, "--no-install", join(packages, "skitai/cli/main.ts"), ...process.argv.slice(2)],
      {
        ...process.env,
        BUN_BE_BUN: "1",
        NODE_PATH: NODE_PATH ? `${packages}${delimiter}${NODE_PATH}` : packages,
        [executableVariable]: packages,
      },
    );
  } catch (error) {
    fail(error);
  }
}
