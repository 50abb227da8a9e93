import { chmodSync, existsSync, lstatSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { SkitaiError } from "../../src/errors.ts";

/** What an executable carries: the packages of this command, as an install would have them. */
export interface Carried {
  /** Path of the archive within the executable. */
  readonly archive: string;
  /** Of this very content: another version is another directory. */
  readonly name: string;
}

/**
 * The directory with the packages, unpacked at the first call. It belongs to this user and nobody else may write into it:
 * what is in it is run.
 * @returns absolute path of its `node_modules`
 * @throws SkitaiError LAUNCH_FAILED when there is no place for it
 */
export async function openRuntime({ archive, name }: Carried): Promise<string> {
  const reasons: string[] = [];
  for (const place of places()) {
    try {
      return join(await unpackedIn(place, archive, name), "node_modules");
    } catch (error) {
      reasons.push(`${place} (${(error as NodeJS.ErrnoException).code ?? (error as Error).message})`);
    }
  }
  throw new SkitaiError("LAUNCH_FAILED", {
    name: "skitai",
    accepted: `its files cannot be unpacked into ${reasons.join(", ")}`,
  });
}

const uid = (): number => process.geteuid?.() ?? 0;

/** Never the home of whoever called sudo: that one could put other files there. */
function places(): string[] {
  const usual = uid() === 0 ? "/var/cache" : (process.env["XDG_CACHE_HOME"] ?? ownCache());
  return [...(usual === undefined ? [] : [join(usual, "skitai")]), join(tmpdir(), `skitai-${uid()}`)];
}

/** A container may know no users. */
function ownCache(): string | undefined {
  try {
    return join(homedir(), ".cache");
  } catch {
    return undefined;
  }
}

async function unpackedIn(place: string, archive: string, name: string): Promise<string> {
  mkdirSync(place, { recursive: true, mode: 0o755 });
  requireOwn(place);
  const directory = join(place, name);
  if (!existsSync(directory)) await unpack(place, archive, directory);
  requireOwn(directory);
  return directory;
}

function requireOwn(path: string): void {
  const found = lstatSync(path);
  if (!found.isDirectory() || found.uid !== uid() || (found.mode & 0o022) !== 0)
    throw new Error("is not a directory that only this user may write");
}

/** Moved into place when it is whole; of several that start at once one counts. */
async function unpack(place: string, archive: string, directory: string): Promise<void> {
  const made = mkdtempSync(join(place, ".new-"));
  // Workers may be of another user than who starts them.
  const mask = process.umask(0o022);
  try {
    await new Bun.Archive(await Bun.file(archive).bytes()).extract(made);
    chmodSync(made, 0o755);
    renameSync(made, directory);
  } catch (error) {
    if (!existsSync(directory)) throw error;
  } finally {
    process.umask(mask);
    rmSync(made, { recursive: true, force: true });
  }
}
