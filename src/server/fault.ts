import type { HttpServer } from "../context.ts";
import type { Dispatch } from "./dispatch.ts";

/** What a page would be kept or shortened by: the notice is not part of what an app knows. */
const hiding = ["if-none-match", "if-modified-since", "if-range", "range", "accept-encoding"];

/**
 * Answers as ever, and says that a newer version of the service did not start: by a header, and to browsers by a notice
 * below the page. Scripts of pages and other clients get what they expect. Spec O4.
 * @param fault what the new version said
 */
export function faultShown(
  fault: string,
  dispatch: Dispatch,
  request: Request,
  server: HttpServer,
): Response | Promise<Response> {
  const page = isNavigation(request);
  if (page) for (const name of hiding) request.headers.delete(name);
  const answer = dispatch(request, server);
  const shown = (response: Response): Response => withFault(response, fault, page);
  return answer instanceof Promise ? answer.then(shown) : shown(answer);
}

/** A page in a tab or a frame; fragments that a page asks for are not. */
function isNavigation({ method, headers }: Request): boolean {
  if (method === "HEAD" || !headers.get("accept")?.includes("text/html")) return false;
  const mode = headers.get("sec-fetch-mode");
  return mode === null || mode === "navigate";
}

function withFault(response: Response, fault: string, page: boolean): Response {
  // Nothing is answered where the connection became a websocket.
  if (!(response instanceof Response)) return response;
  const { status, statusText, headers } = response;
  headers.set("x-skitai-reload-error", summary(fault));
  const isPage = page && headers.get("content-type")?.startsWith("text/html") && response.body !== null;
  if (!isPage || headers.has("content-encoding")) return response;
  for (const name of ["content-length", "etag", "last-modified", "accept-ranges"]) headers.delete(name);
  headers.set("cache-control", "no-store");
  const end = new TextEncoder().encode(notice(fault));
  const appended = new TransformStream<Uint8Array, Uint8Array>({ flush: (last) => last.enqueue(end) });
  return new Response(response.body!.pipeThrough(appended), { status, statusText, headers });
}

/** One line of visible ASCII: what is wrong, and the first place that is named. */
function summary(fault: string): string {
  const lines = fault.split("\n");
  const what =
    lines.find((line) => /^\w*(error|exception)\b.*:/i.test(line)) ?? lines.find((line) => line.trim()) ?? "";
  const [where] = /\S+:\d+:\d+/.exec(fault) ?? [];
  const line = where === undefined || what.includes(where) ? what : `${what} (${where.replace(/^\(/, "")})`;
  return line
    .replace(/[^\x20-\x7e]+/g, "?")
    .trim()
    .slice(0, 400);
}

/** Without scripts, which the page's own policy may forbid, and in ASCII, since the page has a charset of its own. */
function notice(fault: string): string {
  const text = Bun.escapeHTML(fault).replace(
    /[^\x00-\x7f]/gu,
    (character) => `&#${character.codePointAt(0)};`,
  );
  return (
    `\n<details open id="skitai-reload-error" style="all:initial;position:fixed;z-index:2147483647;inset:auto 0 0;` +
    `max-height:60vh;overflow:auto;box-sizing:border-box;padding:12px 16px;background:#2b0d0d;color:#ffe3e3;` +
    `border-top:3px solid #e5484d;font:14px/1.5 system-ui,sans-serif">` +
    `<summary style="cursor:pointer;font-weight:600">The last save does not start: this page is of the version before it</summary>` +
    `<pre style="all:initial;display:block;margin-top:8px;color:inherit;white-space:pre-wrap;` +
    `font:13px/1.5 ui-monospace,monospace;color:#ffe3e3">${text}</pre></details>\n`
  );
}
