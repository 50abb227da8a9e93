import type { FetchHandler } from "../../src/config/mount-types.ts";
import { type Directory, FileMemory, openDirectory } from "../../src/static/directory.ts";
import { listingOf } from "./listing.ts";
import { listingPage } from "./listing-page.ts";

interface FilesOptions {
  readonly listing?: boolean | undefined;
  readonly spa?: boolean | undefined;
  readonly cors?: boolean | undefined;
}

/**
 * What answers where the directory mount has nothing: listings, the page of an app that routes in the browser; with `cors`
 * the files too.
 * @param root absolute
 */
export function filesHandler(root: string, { listing, spa, cors }: FilesOptions): FetchHandler {
  // Opened by the first request: a master has none.
  let opened: Directory | undefined;
  const files = (): Directory => (opened ??= openFiles(root));
  const found = async (request: Request, { pathname, search }: URL): Promise<Response | undefined> => {
    const file = cors ? await files().respond(pathname, search, request) : undefined;
    if (file !== undefined) return file;
    if (listing) {
      const page = listed(root, pathname, search);
      if (page !== undefined) return page;
    }
    return spa && wantsPage(request, pathname)
      ? await files().respond("/index.html", "", request)
      : undefined;
  };
  const answer: FetchHandler = async (request) => {
    if (request.method === "OPTIONS" && cors) return new Response(null, { status: 204 });
    if (request.method !== "GET" && request.method !== "HEAD")
      return new Response("Method Not Allowed\n", { status: 405, headers: { allow: "GET, HEAD" } });
    return (await found(request, new URL(request.url))) ?? new Response("Not Found\n", { status: 404 });
  };
  return cors ? async (request, context) => opening(await answer(request, context)) : answer;
}

const openFiles = (root: string): Directory =>
  openDirectory(root, {
    maxAge: () => undefined,
    mountPoint: "",
    memory: new FileMemory(),
    dotFiles: "deny",
    compression: true,
    revalidate: 1,
  });

/** A page, not a script or picture that is missing. */
const wantsPage = (request: Request, path: string): boolean =>
  !/\.\w+$/.test(path) && /\btext\/html\b|\*\/\*/.test(request.headers.get("accept") ?? "*/*");

function listed(root: string, path: string, search: string): Response | undefined {
  const found = listingOf(root, path);
  if (found === undefined) return undefined;
  if (found.kind === "elsewhere")
    return new Response(null, { status: 301, headers: { location: `${path}/${search}` } });
  return new Response(listingPage(found.path, found.entries, found.more), {
    headers: {
      "content-type": "text/html; charset=utf-8",
      "cache-control": "no-cache",
      "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
      "x-content-type-options": "nosniff",
    },
  });
}

/** Fetch standard §3.2: every site may read, nobody with cookies. */
function opening(response: Response): Response {
  response.headers.set("access-control-allow-origin", "*");
  response.headers.set("access-control-allow-methods", "GET, HEAD, OPTIONS");
  response.headers.set("access-control-allow-headers", "*");
  response.headers.set("access-control-expose-headers", "*");
  return response;
}
