import { openDirectory, openEmbedded } from "../static/directory.ts";
import { findEmbedded } from "./embedded.ts";
import type { Mount, MountKind } from "./mount.ts";
import { readTarget } from "./target.ts";

/** A directory of static files. Answers GET and HEAD for files that exist and passes on the rest. Spec E2, E5. */
export const directory = {
  open(target, site): Mount {
    const text = target as string;
    const options = { ...site.directories, mountPoint: site.point };
    const embedded = findEmbedded(text);
    const files =
      embedded?.kind === "directory"
        ? openEmbedded(embedded.files, options)
        : openDirectory(readTarget(text, site.base).path, options);
    return {
      label: `directory ${text}`,
      final: true,
      respond: (request, { path, search }) =>
        request.method === "GET" || request.method === "HEAD"
          ? files.respond(path, search, request)
          : undefined,
      allow: ({ path }) => (files.has(path) ? "GET, HEAD, OPTIONS" : undefined),
      close: () => files.close(),
    };
  },
} satisfies MountKind;
