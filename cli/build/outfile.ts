import { closeSync, mkdtempSync, openSync, readSync, renameSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { SkitaiError } from "../../src/errors.ts";

/** ELF, and Mach-O of 64 bits. */
const executableMagic = ["7f454c46", "cffaedfe"];

const refusal = (outfile: string, reason: string, cause?: unknown): SkitaiError =>
  new SkitaiError("BUILD_FAILED", { name: relative("", outfile) || outfile, accepted: reason, cause });

/**
 * An executable may be there already, nothing else.
 * @throws SkitaiError BUILD_FAILED
 */
export function checkOutfile(outfile: string): void {
  const found = attempt(outfile, () => statSync(outfile, { throwIfNoEntry: false }));
  if (found === undefined) return;
  const what = found.isDirectory()
    ? "a directory"
    : found.isFile() && attempt(outfile, () => isExecutable(outfile))
      ? undefined
      : "something else than an executable";
  if (what !== undefined)
    throw refusal(outfile, `there is ${what} of that name, choose another with --outfile`);
}

function attempt<Value>(outfile: string, act: () => Value): Value {
  try {
    return act();
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    throw refusal(outfile, `cannot be written (${code ?? message})`, cause);
  }
}

function isExecutable(path: string): boolean {
  const fd = openSync(path, "r");
  try {
    const magic = Buffer.alloc(4);
    readSync(fd, magic, 0, 4, 0);
    return executableMagic.includes(magic.toString("hex"));
  } finally {
    closeSync(fd);
  }
}

/**
 * Lets `make` write an executable in a directory of its own beside `outfile` and moves it into place when it is whole: a
 * running one goes on undisturbed (writing into it is ETXTBSY), and no half of one is ever there.
 * @throws SkitaiError BUILD_FAILED when nothing can be written there
 */
export async function placeOutfile(outfile: string, make: (path: string) => Promise<void>): Promise<void> {
  const directory = attempt(outfile, () => mkdtempSync(join(dirname(outfile), ".skitai-build-")));
  const clear = (): void => rmSync(directory, { recursive: true, force: true });
  const interrupted = (): never => {
    clear();
    process.exit(130);
  };
  process.once("SIGINT", interrupted).once("SIGTERM", interrupted);
  try {
    // The name stays, the executable knows itself by it.
    const made = join(directory, basename(outfile));
    await make(made);
    attempt(outfile, () => renameSync(made, outfile));
  } finally {
    clear();
    process.off("SIGINT", interrupted).off("SIGTERM", interrupted);
  }
}
