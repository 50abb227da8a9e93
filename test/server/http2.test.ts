import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { type ClientHttp2Session, connect } from "node:http2";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestClient, testClient } from "../../src/testing/index.ts";
import { requestLine } from "../support/log-lines.ts";
import { Authority, handshake, run } from "../tls/support.ts";

const script = Bun.fileURLToPath(new URL("./fixtures/http2.ts", import.meta.url));
const made = new Authority();
const logs = mkdtempSync(join(tmpdir(), "http2-"));
let secure: TestClient;
let plain: TestClient;

beforeAll(async () => {
  await made.make("one", { names: ["localhost", "127.0.0.1"] });
  const SSL = JSON.stringify([made.path("one.crt"), made.path("one.key")]);
  [secure, plain] = await Promise.all([
    testClient(script, undefined, { env: { SSL, LOGS: logs } }),
    testClient(script),
  ]);
});
afterAll(async () => {
  await Promise.all([secure.stop(), plain.stop()]);
  made[Symbol.dispose]();
  rmSync(logs, { recursive: true });
});

/** Version and body that curl gets. */
async function curl(...words: string[]): Promise<[string, string]> {
  const { stdout } = await run(["curl", "-sk", "-w", "\n%{http_version}", ...words]);
  const end = stdout.lastIndexOf("\n");
  return [stdout.slice(end + 1), stdout.slice(0, end)];
}

interface Answer {
  readonly status: number;
  readonly headers: Record<string, unknown>;
  readonly body: string;
}

/** One exchange of node's own client. */
function ask(session: ClientHttp2Session, headers: Record<string, string>, body?: Buffer): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const stream = session.request(headers, { endStream: body === undefined });
  let head: Record<string, unknown> = {};
  let text = "";
  stream.setEncoding("utf8");
  stream.on("response", (given) => void (head = { ...given }));
  stream.on("data", (part: string) => void (text += part));
  stream.on("end", () => resolve({ status: Number(head[":status"]), headers: head, body: text }));
  stream.on("error", reject);
  if (body !== undefined) stream.end(body);
  return promise;
}

async function withSession<Result>(
  client: TestClient,
  use: (session: ClientHttp2Session) => Promise<Result>,
): Promise<Result> {
  const session = connect(client.url, { rejectUnauthorized: false });
  try {
    return await use(session);
  } finally {
    session.destroy();
  }
}

describe("[T3] versions", () => {
  test("curl gets HTTP/2 by ALPN, HTTP/1.1 when it asks for that, on one port", async () => {
    const url = `${secure.url}/x`;
    expect((await curl("--http2", url))[0]).toBe("2");
    expect((await curl("--http1.1", url))[0]).toBe("1.1");
    expect((await curl("--no-alpn", url))[0]).toBe("1.1");
  });

  test("curl gets cleartext HTTP/2 by prior knowledge, HTTP/1.1 otherwise, on one port", async () => {
    const url = `${plain.url}/x`;
    const [version, body] = await curl("--http2-prior-knowledge", url);
    expect([version, JSON.parse(body).url]).toEqual(["2", url]);
    expect((await curl("--http1.1", url))[0]).toBe("1.1");
    // An upgrade is offered and not taken: RFC 9113 §3.1 has dropped it.
    expect((await curl("--http2", url))[0]).toBe("1.1");
  });

  test("--http2=false speaks HTTP/1.1 only", async () => {
    const SSL = JSON.stringify([made.path("one.crt"), made.path("one.key")]);
    await using cli = await testClient(script, undefined, { env: { SSL }, args: ["--http2=false"] });
    expect((await curl("--http2", `${cli.url}/`))[0]).toBe("1.1");
    await using bare = await testClient(script, undefined, { args: ["--http2=false"] });
    const refused = await run(["curl", "-s", "--http2-prior-knowledge", `${bare.url}/`]);
    expect(refused.code).not.toBe(0);
  });

  test("openssl negotiates h2", async () => {
    const { stdout } = await run(
      ["openssl", "s_client", "-connect", `127.0.0.1:${secure.port}`, "-alpn", "h2,http/1.1"],
      "",
    );
    expect(stdout).toContain("ALPN protocol: h2");
    expect((await handshake(secure.port, "-alpn", "http/1.1")).ok).toBe(true);
  });
});

describe("[T3] requests", () => {
  test(":authority chooses the virtual host, and is the host of URL and log", async () => {
    await withSession(secure, async (session) => {
      const virtual = await ask(session, { ":path": "/", ":authority": "virtual.test" });
      expect(virtual.body).toBe("virtual");
      const other = await ask(session, { ":path": "/logged?a=1", ":authority": "Other.test:99" });
      expect(JSON.parse(other.body).url).toBe("https://other.test:99/logged?a=1");
    });
    const line = await requestLine(join(logs, "request.log"), "/logged?a=1");
    expect(line).toMatchObject({ host: "Other.test:99", status: "200", ip: "127.0.0.1" });
    expect(line.gtxnid).toStartWith("GTID-");
  });

  test("a malformed :authority is refused", async () => {
    const sent = (headers: Record<string, string>): Promise<number | string> =>
      withSession(plain, (session) =>
        ask(session, { ":path": "/", ...headers }).then(
          ({ status }) => status,
          (error: Error) => error.message,
        ),
      );
    for (const authority of ["a b", "a/b", "a,b"]) expect(await sent({ ":authority": authority })).toBe(400);
    // Bun itself resets these streams.
    for (const headers of [{ ":authority": "user@a" }, { ":authority": "a", host: "b" }])
      expect(await sent(headers)).toContain("NGHTTP2_PROTOCOL_ERROR");
  });

  test("what is asked of the server itself gets an answer of the engine", async () => {
    await withSession(plain, async (session) => {
      const options = await ask(session, { ":path": "*", ":method": "OPTIONS", ":authority": "a" });
      expect(options.status).toBe(400);
      expect((await ask(session, { ":path": "/", ":method": "TRACE" })).status).toBe(501);
    });
  });

  test("ids of a trusted peer are taken over", async () => {
    await withSession(plain, async (session) => {
      const headers = { ":path": "/", "x-gtxn-id": "GTID-C1-R2", "x-ltxn-id": "1001" };
      expect(JSON.parse((await ask(session, headers)).body).id).toBe("GTID-C1-R2");
    });
  });

  test("a hundred streams of one connection get their own answers", async () => {
    await withSession(secure, async (session) => {
      const bodies = await Promise.all(
        Array.from({ length: 100 }, (_, i) => ask(session, { ":path": `/${i}` })),
      );
      expect(bodies.map(({ body }) => new URL(JSON.parse(body).url).pathname)).toEqual(
        Array.from({ length: 100 }, (_, i) => `/${i}`),
      );
    });
  });

  test("[E11] a body without a length is read, and is under the limits", async () => {
    await withSession(secure, async (session) => {
      const send = (path: string, size: number): Promise<Answer> =>
        ask(session, { ":path": path, ":method": "POST" }, Buffer.alloc(size, "x"));
      expect((await send("/length", 300_000)).body).toBe("300000");
      expect((await send("/small/", 1000)).body).toHaveLength(1000);
      expect((await send("/small/", 1001)).status).toBe(413);
      expect((await ask(session, { ":path": "/length", ":method": "POST" })).body).toBe("0");
    });
  });
});

const hasNghttp = Bun.which("nghttp") !== null && Bun.which("h2load") !== null;
describe.skipIf(!hasNghttp)("[T3] nghttp2-client", () => {
  test("h2load: every request of many streams succeeds, over TLS and in cleartext", async () => {
    for (const { url } of [secure, plain]) {
      const { stdout } = await run(["h2load", "-n", "2000", "-c", "4", "-m", "20", `${url}/`]);
      expect(stdout).toContain("requests: 2000 total, 2000 started, 2000 done, 2000 succeeded, 0 failed");
    }
  });

  test("nghttp gets an answer by prior knowledge", async () => {
    const { stdout } = await run(["nghttp", `${plain.url}/by-nghttp`]);
    expect(JSON.parse(stdout).url).toBe(`${plain.url}/by-nghttp`);
  });
});

describe("[T3] was.push", () => {
  const links = async (...uris: string[]): Promise<string[]> => {
    const query = uris.map((uri) => `uri=${encodeURIComponent(uri)}`).join("&");
    const { headers } = await plain.get(`/push?${query}`);
    return (headers.get("link") ?? "").split(", ");
  };

  test("several are put behind the app's own links, each once", async () => {
    expect(await links("/a.css", "/b.js", "/f.woff2?v=1", "/a.css", "https://x.test/i.png", "/data")).toEqual(
      [
        "</own>; rel=next",
        "</a.css>; rel=preload; as=style",
        "</b.js>; rel=preload; as=script",
        "</f.woff2?v=1>; rel=preload; as=font; crossorigin",
        "<https://x.test/i.png>; rel=preload; as=image",
        "</data>; rel=preload",
      ],
    );
    expect(await links()).toEqual(["</own>; rel=next"]);
  });

  test("nothing gets out of its link", async () => {
    const evil = '/x>; rel=stylesheet, <https://evil.test>\r\nset-cookie: a=b\0"\\^`{|} é';
    const query = new URLSearchParams({ uri: evil }).toString();
    const { headers } = await plain.get(`/push?${query}`);
    expect(headers.get("set-cookie")).toBeNull();
    expect(headers.get("link")).toBe(
      "</own>; rel=next, </x%3E;%20rel=stylesheet,%20%3Chttps://evil.test%3E%0D%0Aset-cookie:%20a=b" +
        "%00%22%5C%5E%60%7B%7C%7D%20%C3%A9>; rel=preload",
    );
  });

  test("over HTTP/2 as well", async () => {
    const { headers } = await withSession(secure, (session) => ask(session, { ":path": "/push?uri=/a.css" }));
    expect(headers["link"]).toContain("</a.css>; rel=preload; as=style");
  });

  test("when the answer is on its way it says so, and does nothing", async () => {
    const { text, headers } = await plain.get("/late/");
    expect([text, headers.get("link")]).toEqual(["false", null]);
  });
});
