/** Systems that executables can be made for, as Bun calls them. Spec Y4. */
export const targets = {
  "linux-x64": "bun-linux-x64",
  "linux-arm64": "bun-linux-arm64",
  "linux-x64-musl": "bun-linux-x64-musl",
  "linux-arm64-musl": "bun-linux-arm64-musl",
} as const satisfies Record<string, Bun.Build.CompileTarget>;

export type Target = keyof typeof targets;

export const targetNames = Object.keys(targets) as Target[];

/** `undefined` for the Bun that runs: it needs no other. */
export function otherTarget(target: Target | undefined): Bun.Build.CompileTarget | undefined {
  if (target === undefined) return undefined;
  const own = `linux-${process.arch}${isMusl() ? "-musl" : ""}`;
  return process.platform === "linux" && target === own ? undefined : targets[target];
}

/** Node's report names the version of glibc, where there is one. */
function isMusl(): boolean {
  const { header } = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
  return header?.glibcVersionRuntime === undefined;
}
