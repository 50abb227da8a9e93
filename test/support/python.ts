import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/**
 * A directory with packages from PyPI for `PYTHONPATH`, kept between runs; `undefined` where there is no Python or they
 * cannot be had: tests that need them are then skipped by name.
 * @param packages as pip takes them: `"grpcio==1.85.1"`
 */
export async function pythonWith(packages: string[]): Promise<string | undefined> {
  const python = Bun.which("python3");
  if (python === null) return undefined;
  const version = (await run([python, "--version"])).text.trim();
  const cache = join(
    process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"),
    "skitai-tests",
    "python",
    createHash("sha256")
      .update([version, ...packages].join("\n"))
      .digest("hex")
      .slice(0, 16),
  );
  if (existsSync(cache)) return cache;
  mkdirSync(join(cache, ".."), { recursive: true });
  // Another test file may be at it: whoever is first puts the whole of it into place.
  const made = mkdtempSync(`${cache}-`);
  try {
    const options = ["--quiet", "--no-input", "--disable-pip-version-check", "--target", made];
    const { ok, text } = await run([python, "-m", "pip", "install", ...options, ...packages]);
    if (ok && !existsSync(cache)) renameSync(made, cache);
    if (!ok) process.stderr.write(`pip install ${packages.join(" ")}: ${text.slice(-500)}\n`);
    return ok ? cache : undefined;
  } catch {
    return existsSync(cache) ? cache : undefined;
  } finally {
    rmSync(made, { recursive: true, force: true });
  }
}

async function run(command: string[]): Promise<{ ok: boolean; text: string }> {
  const child = Bun.spawn(command, { stdin: "ignore", stdout: "pipe", stderr: "pipe", timeout: 120_000 });
  const [out, error] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  return { ok: (await child.exited) === 0, text: out + error };
}
