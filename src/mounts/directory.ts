import { type Directory, openDirectory, openEmbedded } from "../static/directory.ts";
import { findEmbedded } from "./embedded.ts";
import type { Mount, MountKind, Site } from "./mount.ts";
import { RootNames } from "./root-names.ts";
import { readTarget } from "./target.ts";

/** Whether a file may be at an own path; false saves asking the directory. */
type Gate = (path: string) => boolean;

/** A directory of static files. Answers GET and HEAD for files that exist and passes on the rest. Spec E2, E5. */
export const directory = {
  open(target, site): Mount {
    const text = target as string;
    const { files, mayHave } = openFiles(text, site);
    return {
      label: `directory ${text}`,
      final: true,
      respond: (request, { path, search }) =>
        (request.method === "GET" || request.method === "HEAD") && mayHave(path)
          ? files.respond(path, search, request)
          : undefined,
      allow: ({ path }) => (files.has(path) ? "GET, HEAD, OPTIONS" : undefined),
      close: () => files.close(),
    };
  },
} satisfies MountKind;

function openFiles(text: string, site: Site): { files: Directory; mayHave: Gate } {
  const options = { ...site.directories, mountPoint: site.point };
  const embedded = findEmbedded(text, site.base);
  if (embedded?.kind === "directory")
    return { files: openEmbedded(embedded.files, options), mayHave: () => true };
  const { path } = readTarget(text, site.base);
  return { files: openDirectory(path, options), mayHave: gateOf(path, options.revalidate) };
}

/** In development every request looks at the disk; and names are compared as bytes on Linux only. */
function gateOf(root: string, revalidate: number): Gate {
  if (revalidate === 0 || process.platform !== "linux") return () => true;
  const names = new RootNames(root, revalidate);
  return (path) => names.mayHave(path);
}
