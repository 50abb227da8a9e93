import { liveStream } from "./live.ts";
import type { Overview } from "./overview.ts";
import { page, pagePolicy, type View } from "./page.ts";

/**
 * The status page for browsers, its parts as server-sent events for the page itself, else JSON: as `Accept` says. With
 * `?gtxnid=…` it shows what is kept of this transaction, with `?view=failures` all that has failed lately. Spec U1.
 */
export async function statusResponse(request: Request, overview: () => Promise<Overview>): Promise<Response> {
  const accept = request.headers.get("accept") ?? "";
  const headers = { "cache-control": "no-store", vary: "accept", "x-content-type-options": "nosniff" };
  const view = viewOf(request.url);
  if (accept.includes("text/event-stream")) {
    const stream = liveStream(overview, view, request.signal);
    return stream === undefined
      ? new Response("too many look at this page\n", { status: 503, headers })
      : new Response(stream, { headers: { ...headers, "content-type": "text/event-stream" } });
  }
  const now = await overview();
  if (!accept.includes("text/html")) return Response.json(now, { headers });
  return new Response(page(now, view), {
    headers: {
      ...headers,
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": pagePolicy,
      "referrer-policy": "no-referrer",
    },
  });
}

function viewOf(url: string): View {
  const question = url.indexOf("?");
  if (question < 0) return {};
  const query = new URLSearchParams(url.slice(question));
  const gtxnid = query.get("gtxnid") ?? undefined;
  return { gtxnid: gtxnid?.slice(0, 200), failures: query.get("view") === "failures" };
}
