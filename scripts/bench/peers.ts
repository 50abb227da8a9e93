import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Server } from "./server.ts";

/** Where peers from npm are kept between runs. They are no dependency of the product. */
export const packages = join(import.meta.dir, "..", "..", ".cache", "bench");

async function installed(name: string, version: string): Promise<boolean> {
  const file = join(packages, "node_modules", name, "package.json");
  return existsSync(file) && (await Bun.file(file).json()).version === version;
}

/** @returns why it could not be installed, or `undefined` */
async function install(name: string, version: string, signal: AbortSignal): Promise<string | undefined> {
  if (await installed(name, version)) return undefined;
  if (!Bun.which("npm")) return "npm is not on PATH";
  await mkdir(packages, { recursive: true });
  // Its own project, in which the packages are saved: otherwise the next install would remove this one.
  const project = join(packages, "package.json");
  if (!existsSync(project)) await Bun.write(project, "{}");
  const flags = ["--prefix", packages, "--save-exact", "--no-package-lock", "--ignore-scripts", "--no-audit"];
  const npm = Bun.spawn(["npm", "install", ...flags, `${name}@${version}`], {
    cwd: packages,
    stdio: ["ignore", "ignore", "pipe"],
    timeout: 180_000,
    signal,
  });
  const [errors, status] = await Promise.all([npm.stderr.text(), npm.exited]);
  return status === 0 ? undefined : `npm could not install ${name}@${version}: ${errors.trim().slice(-300)}`;
}

/**
 * Makes sure that all a server needs is there, installing packages.
 * @returns why it cannot be run, or `undefined`
 */
export async function missing(
  server: Server,
  binary: string | undefined,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (server.compiled && binary === undefined) return "no --binary given";
  for (const program of server.programs ?? []) if (!Bun.which(program)) return `${program} is not on PATH`;
  for (const [name, version] of Object.entries(server.packages ?? {})) {
    const reason = await install(name, version, signal);
    if (reason) return reason;
  }
  return undefined;
}
