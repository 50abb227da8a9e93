let answers = 0;

const line = "/* a line of text, 64 bytes long with its end, to fill files. */\n".slice(-64);
const bodyOf = (kilobytes: number): Uint8Array => Buffer.from(line.repeat(kilobytes * 16));
const bodies: Readonly<Record<string, Uint8Array>> = {
  "1k": bodyOf(1),
  "4k": bodyOf(4),
  "100k": bodyOf(100),
  "10m": bodyOf(10 * 1024),
};

/** Every head is another one, as those of most applications are: nobody may gain by remembering the last. */
function respond(request: Request): Response {
  const [, life, size = ""] = new URL(request.url).pathname.split("/");
  const body = bodies[size];
  if (body === undefined) return new Response("unknown", { status: 404 });
  const number = String(++answers).padStart(10, "0");
  return new Response(body as Uint8Array<ArrayBuffer>, {
    headers: {
      "content-type": "text/css; charset=utf-8",
      "cache-control": life === "kept" ? "public, max-age=86400" : "private, no-store",
      etag: `"${number}"`,
      "x-request-id": `request-${number}`,
      "last-modified": "Mon, 03 Nov 2025 10:00:00 GMT",
    },
  });
}

/** What proxies stand before: `/fresh/1k`, `/kept/1k`, `/kept/4k/17`; a websocket that repeats what it is told. */
export function upstream() {
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: (request, self) => (self.upgrade(request) ? undefined : respond(request)),
    websocket: { idleTimeout: 0, message: (socket, message) => void socket.send(message) },
  });
  return { at: `127.0.0.1:${server.port}`, stop: () => server.stop(true) };
}
