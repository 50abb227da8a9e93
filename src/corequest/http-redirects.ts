/** As many as browsers follow (Fetch standard, HTTP-redirect fetch). */
const most = 20;

/** What says something of a body that is not sent again. */
const ofBody = ["content-type", "content-encoding", "content-language", "content-location", "content-length"];

type Init = BunFetchRequestInit & { readonly method: string; readonly headers: object };

/**
 * `fetch` that follows redirects within their origin (RFC 9110 §15.4): keys, cookies and ids of the transaction are for the
 * members of an alias, so that one to another origin is the answer.
 */
export function fetchWithin(url: string, init: Init): Promise<Response> {
  const asked = fetch(url, { ...init, redirect: "manual" });
  return asked.then((response) => (isRedirect(response) ? follow(response, url, init) : response));
}

const isRedirect = ({ status, headers }: Response): boolean =>
  (status === 301 || status === 302 || status === 303 || status === 307 || status === 308) &&
  headers.has("location");

async function follow(first: Response, from: string, init: Init): Promise<Response> {
  let response = first;
  let url = from;
  let sent = init;
  for (let count = 0; isRedirect(response); count++) {
    const next = URL.parse(response.headers.get("location")!, url);
    if (next?.origin !== new URL(url).origin) return response;
    const again = repeated(sent, response.status);
    if (again === undefined) return response;
    await response.body?.cancel();
    if (count === most) throw Object.assign(new Error("too many redirects"), { code: "TooManyRedirects" });
    url = next.href;
    sent = again;
    response = await fetch(url, { ...sent, redirect: "manual" });
  }
  return response;
}

/** What is sent after a redirect; `undefined` when its body is gone. */
function repeated(init: Init, status: number): Init | undefined {
  const { method, headers } = init;
  const asks = status === 303 ? method !== "GET" && method !== "HEAD" : status < 303 && method === "POST";
  if (!asks) return init.body instanceof ReadableStream ? undefined : init;
  const { body: _body, ...rest } = init;
  const kept = [...new Headers(headers as Bun.HeadersInit)].filter(([name]) => !ofBody.includes(name));
  return { ...rest, method: "GET", headers: Object.fromEntries(kept) };
}
