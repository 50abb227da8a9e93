import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { eventually, parseLine } from "../support/log-lines.ts";
import { RawConnection } from "../support/raw-connection.ts";
import { Authority, run } from "../tls/support.ts";
import { echo, local, Origin, Proxy } from "./forward-support.ts";

const made = new Authority();
let proxy: Proxy;
beforeAll(async () => {
  await made.make("origin", { names: ["localhost", "127.0.0.1"] });
  proxy = await Proxy.start({ ...local, keepAlive: { channel: 2 } });
});
afterAll(async () => {
  made[Symbol.dispose]();
  await proxy[Symbol.asyncDispose]();
});

const curl = async (...words: string[]): Promise<string> => {
  const { code, stdout, stderr } = await run(["curl", "-sS", "--max-time", "8", "--noproxy", "", ...words]);
  return code === 0 ? stdout : `curl ${code}: ${stderr}`;
};
/** The line of a request in the log. */
const line = (service: Proxy, text: string) =>
  eventually(() => {
    const found = service.cli.output.split("\n").find((each) => each.includes(text));
    return found !== undefined && parseLine(found);
  }, `a log line with ${text}`);

describe("[P3] curl", () => {
  test("[P3] asks by http, with all methods and bodies", async () => {
    using origin = await Origin.start();
    expect(await curl("-x", proxy.url, origin.url("/a?b=1"))).toBe("GET /a?b=1 ");
    expect(await curl("-x", proxy.url, "-d", "x=1", origin.url("/form"))).toBe("POST /form x=1");
    for (const method of ["PUT", "DELETE", "PATCH", "PROPFIND", "OPTIONS"])
      expect(await curl("-x", proxy.url, "-X", method, "-d", "body", origin.url("/m"))).toBe(
        `${method} /m body`,
      );
    const chunked = ["-H", "Transfer-Encoding: chunked", "-d", "parts"];
    expect(await curl("-x", proxy.url, ...chunked, origin.url("/c"))).toBe("POST /c parts");
    const head = await curl("-x", proxy.url, "-I", origin.url("/h"));
    expect(head).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(head).toMatch(/^content-length: 8\r$/m);
    expect(await curl("-x", proxy.url, "--http2", origin.url("/h2c"))).toBe("GET /h2c ");
    expect(await curl("-x", proxy.url, "--http1.0", origin.url("/old"))).toBe("GET /old ");
  });

  test("[P3] asks by https through a tunnel, the certificate is the server's", async () => {
    const [cert, key] = [Bun.file(made.path("origin.crt")), Bun.file(made.path("origin.key"))];
    const big = new Uint8Array(8 << 20).fill(97);
    using server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      tls: { cert, key },
      fetch: async (request) =>
        request.method === "POST" ? Response.json((await request.bytes()).length) : new Response(big),
    });
    const url = `https://localhost:${server.port}/`;
    const words = ["-x", proxy.url, "--cacert", made.path("origin.crt")];
    expect((await curl(...words, url)).length).toBe(big.length);
    const file = made.path("upload");
    await Bun.write(file, big);
    expect(await curl(...words, "-H", "Expect:", "--data-binary", `@${file}`, url)).toBe(`${big.length}`);
    const logged = await line(proxy, ` CONNECT localhost:${server.port} `);
    expect(logged).toMatchObject({ host: `localhost:${server.port}`, status: "200" });
    expect(Number(logged.responseBytes)).toBeGreaterThan(big.length);
    expect(Number(logged.requestBytes)).toBeGreaterThan(100);
  });

  test("[P3] goes to IPv6 addresses as well", async () => {
    using server = Bun.serve({ port: 0, hostname: "::1", fetch: ({ url }) => new Response(url) });
    const url = `http://[::1]:${server.port}/six`;
    await using six = await Proxy.start({ ...local, allow: ["::1"] });
    expect(await curl("-g", "-x", six.url, url)).toBe(url);
    expect(await curl("-g", "-x", six.url, "--proxytunnel", url)).toBe(url);
  });

  test("[P3] --proxytunnel for http", async () => {
    using origin = await Origin.start();
    expect(await curl("-x", proxy.url, "--proxytunnel", origin.url("/t"))).toBe("GET /t ");
    expect(origin.request.headers).not.toContainKey("via");
  });
});

describe("[P3] fields", () => {
  test("[P3] those of the hop stay here, the server learns nothing of the client", async () => {
    using origin = await Origin.start();
    const answer = await proxy.get(
      origin.url("/"),
      ...["Connection: X-One, keep-alive", "Connection: x-two", "X-One: 1", "X-Two: 2", "Keep-Alive: 3"],
      ...[
        "Proxy-Authorization: Basic c2VjcmV0Og==",
        "Proxy-Connection: keep-alive",
        "TE: trailers",
        "X-Kept: 4",
      ],
      ...["X-Gtxn-Id: GTID-1", "Via: 1.0 before", "Authorization: Basic b3JpZ2luOnNlY3JldA=="],
    );
    const { "x-kept": kept, via, authorization, host, ...others } = origin.request.headers;
    expect(others).toEqual({});
    expect([kept, host, authorization]).toEqual([
      "4",
      `127.0.0.1:${origin.port}`,
      "Basic b3JpZ2luOnNlY3JldA==",
    ]);
    expect(via).toMatch(/^1\.0 before, 1\.1 skitai-[\da-f]{8}$/);
    expect(answer.headers.getSetCookie()).toEqual(["a=1", "b=2"]);
    expect(answer.headers.get("via")).toMatch(/^1\.1 skitai-/);
    expect(answer.headers.get("content-length")).toBe("6");
  });

  test("[P3] an option tells the server who asks, and in which transaction", async () => {
    await using telling = await Proxy.start({ ...local, forwardedFor: true, transactionIds: true });
    using origin = await Origin.start();
    await telling.get(origin.url("/"), "X-Forwarded-For: 10.9.8.7");
    expect(origin.request.headers).toMatchObject({
      "x-forwarded-for": "10.9.8.7, 127.0.0.1",
      "x-gtxn-id": expect.stringMatching(/^GTID-C\d+-R\d+$/),
      "x-ltxn-id": "1001",
      traceparent: expect.stringMatching(/^00-/),
    });
  });

  test("[P3] bytes of a server's fields are kept, in UTF-8", async () => {
    using origin = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: {
        data: (socket) =>
          void socket.end(
            "HTTP/1.1 200 Fine\r\nX-Name: h\u00e9 \u20ac \ud55c\u00e9\r\nContent-Length: 2\r\n\r\nok",
          ),
      },
    });
    const answer = await proxy.get(`http://127.0.0.1:${origin.port}/`);
    expect(answer.head).toContain(Buffer.from("h\u00e9 \u20ac \ud55c\u00e9").toString("latin1"));
    expect([answer.status, answer.body]).toEqual([200, "ok"]);
    origin.stop(true);
  });

  test("[P3] a request that was here already goes in a circle, also by way of the address", async () => {
    using origin = await Origin.start();
    await proxy.get(origin.url("/"));
    const { via } = origin.request.headers;
    expect((await proxy.get(origin.url("/"), `Via: ${via}`)).status).toBe(508);
    expect((await proxy.get(proxy.url)).status).toBe(508);
    expect((await proxy.raw(`CONNECT localhost:${proxy.port} HTTP/1.1\r\nHost: a\r\n\r\n`)).status).toBe(508);
    expect(origin.requests).toHaveLength(1);
  });

  test("[P3] OPTIONS counts its hops, TRACE is not passed", async () => {
    using origin = await Origin.start();
    const ask = (hops: number): Promise<{ status: number }> =>
      proxy.raw(`OPTIONS ${origin.url("/o")} HTTP/1.1\r\nHost: a\r\nMax-Forwards: ${hops}\r\n\r\n`);
    expect((await ask(0)).status).toBe(204);
    expect((await ask(5)).status).toBe(200);
    expect([origin.request.url, origin.request.headers["max-forwards"]]).toEqual(["/o", "4"]);
    expect((await proxy.raw(`TRACE ${origin.url()} HTTP/1.1\r\nHost: a\r\n\r\n`)).status).toBe(405);
  });
});

describe("[P3] framing", () => {
  test("[P3] the absolute target wins over Host", async () => {
    using origin = await Origin.start();
    const answer = await proxy.raw(`GET ${origin.url("/x")} HTTP/1.1\r\nHost: 169.254.169.254\r\n\r\n`);
    expect([answer.status, origin.request.headers.host]).toEqual([200, `127.0.0.1:${origin.port}`]);
  });

  test("[P3] what servers could read in two ways never gets to one", async () => {
    using origin = await Origin.start();
    const post = `POST ${origin.url("/")} HTTP/1.1\r\nHost: a\r\n`;
    const inner = `GET ${origin.url("/inner")} HTTP/1.1\r\nHost: a\r\n\r\n`;
    const attempts = [
      `${post}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${inner}`,
      `${post}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!${inner}`,
      `${post}Content-Length: +5\r\n\r\nhello${inner}`,
      `${post}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${inner}`,
      `${post}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n${inner}`,
      `${post}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n${inner}`,
      `${post}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${inner}`,
      `${post}Transfer-Encoding: chunked\r\n\r\nfg\r\n\r\n${inner}`,
      `${post}X: a\r\n b: c\r\n\r\n`,
      `${post}Host: b\r\n\r\n`,
      `POST ${origin.url("/")} HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      `GET ${origin.url("/")} HTTP/1.1\nHost: a\n\n`,
      `GET ${origin.url("/")}\r\n\r\n`,
    ];
    for (const attempt of attempts) {
      using connection = await RawConnection.open(proxy.port);
      const said = await connection.write(attempt).close();
      expect([attempt, said.split("\r\n", 1)[0]]).toEqual([
        attempt,
        expect.stringMatching(/^$|^HTTP\/1\.1 400 Bad Request$/),
      ]);
    }
    expect(origin.requests.map(({ url, complete }) => [url, complete]).filter(([, done]) => done)).toEqual(
      [],
    );
  });

  test("[P3] what is not for a proxy is told so", async () => {
    const answer = await proxy.raw("GET /index.html HTTP/1.1\r\nHost: example.com\r\n\r\n");
    expect([answer.status, answer.headers.get("content-type")]).toEqual([400, "text/plain; charset=utf-8"]);
    expect(answer.body).toContain("this is a proxy");
    const large = await proxy.raw(`GET http://a/ HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(70_000)}\r\n\r\n`);
    expect(large.status).toBe(431);
    const many = await proxy.raw(`GET http://127.0.0.1/ HTTP/1.1\r\nHost: a\r\n${"x:\r\n".repeat(600)}\r\n`);
    expect(many.status).toBe(431);
  });

  test("[P3] several requests of one connection are answered in their order, over kept connections", async () => {
    using origin = await Origin.start((request, response) => {
      const send = (): void => echo(request, response);
      if (request.url === "/0") setTimeout(send, 30);
      else send();
    });
    using connection = await RawConnection.open(proxy.port);
    const asked = [0, 1, 2].map((n) => `GET ${origin.url(`/${n}`)} HTTP/1.1\r\nHost: a\r\n\r\n`);
    connection.write(asked.join(""));
    for (const n of [0, 1, 2]) expect((await connection.answer()).body).toBe(`GET /${n} `);
    expect(origin.connections).toBe(1);
    // A tunnel must not begin while answers are on their way.
    connection.write(`${asked[0]}CONNECT 127.0.0.1:${origin.port} HTTP/1.1\r\nHost: a\r\n\r\n`);
    await connection.close();
    expect(connection.received).not.toContain("200 Connection");
  });
});

describe("[P3] streams", () => {
  test("[P3] an answer arrives as it is sent, a request too", async () => {
    const step = Promise.withResolvers<void>();
    using origin = await Origin.start((request, response) => {
      request.once("data", async (part: Buffer) => {
        response.write(`got ${part.toString()}`);
        await step.promise;
        request.on("data", () => {});
        request.on("end", () => response.end(" end"));
      });
    });
    using connection = await RawConnection.open(proxy.port);
    connection.write(`POST ${origin.url()} HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nfir`);
    await connection.until(/got fir/);
    step.resolve();
    connection.write("st!");
    expect((await connection.answer()).body).toBe("got fir end");
  });

  test("[P3] who reads slowly holds the server back, and who goes away ends the request there", async () => {
    let sent = 0;
    const gone = Promise.withResolvers<void>();
    using origin = await Origin.start((_request, response) => {
      const part = Buffer.alloc(64 * 1024);
      response.on("close", gone.resolve);
      const send = (): void => {
        while (!response.destroyed && response.write(part)) sent += part.length;
        sent += part.length;
      };
      response.on("drain", send);
      send();
    });
    using connection = await RawConnection.open(proxy.port);
    connection.write(`GET ${origin.url()} HTTP/1.1\r\nHost: a\r\n\r\n`);
    await connection.until(/\r\n\r\n/);
    connection.pause();
    let before = -1;
    while (before !== sent) {
      before = sent;
      await Bun.sleep(200);
    }
    expect(sent).toBeLessThan(40 << 20);
    connection[Symbol.dispose]();
    await gone.promise;
  });

  test("[P3] a client that goes before the answer, or within its body, ends the request at the server", async () => {
    const begun = Promise.withResolvers<void>();
    const closed: boolean[] = [];
    using origin = await Origin.start((request) => {
      request.on("close", () => closed.push(request.complete));
      request.on("error", () => {});
      begun.resolve();
    });
    for (const rest of ["Content-Length: 0\r\n\r\n", "Content-Length: 10\r\n\r\nfirst"]) {
      const connection = await RawConnection.open(proxy.port);
      const count = origin.requests.length;
      connection.write(`POST ${origin.url()} HTTP/1.1\r\nHost: a\r\n${rest}`);
      await eventually(() => origin.requests.length > count, "the request");
      connection[Symbol.dispose]();
      await eventually(() => origin.requests.at(-1)!.socket.destroyed, "its end");
    }
    await line(proxy, ` POST ${origin.url()} 1.1 5 499 `);
  });

  test("[P3] half an answer does not look like a whole one", async () => {
    using origin = await Origin.start((request, response) => {
      if (request.url === "/length") response.setHeader("Content-Length", 100);
      response.write("half");
      setTimeout(() => request.socket.destroy(), 20);
    });
    expect(await curl("-x", proxy.url, origin.url("/length"))).toMatch(/^curl 18: /);
    expect(await curl("-x", proxy.url, origin.url("/chunked"))).toMatch(/^curl (?:18|56): /);
  });

  test("[P3] a server that is silent for the channel's time is a 504, one that is not there a 502", async () => {
    using origin = await Origin.start(() => {});
    expect((await proxy.get(origin.url("/silent"))).status).toBe(504);
    const { port } = origin;
    origin[Symbol.dispose]();
    expect((await proxy.get(`http://127.0.0.1:${port}/`)).status).toBe(502);
    expect((await proxy.get("http://no.such.name.invalid/")).status).toBe(502);
    using noise = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: { data: (socket) => void socket.end("SSH-2.0 hello\r\n\r\n") },
    });
    expect((await proxy.get(`http://127.0.0.1:${noise.port}/`)).status).toBe(502);
    noise.stop(true);
  });

  test("[P3] an idle connection is closed after the channel's time, also one that dribbles a head", async () => {
    using origin = await Origin.start();
    using idle = await RawConnection.open(proxy.port);
    using slow = await RawConnection.open(proxy.port);
    await idle.write(`GET ${origin.url()} HTTP/1.1\r\nHost: a\r\n\r\n`).answer();
    slow.write(`GET ${origin.url()} HTTP/1.1\r\n`);
    const dribble = setInterval(() => slow.closed || slow.write("X: y\r\n"), 100);
    await Promise.all([idle.close(8), slow.close(8)]);
    clearInterval(dribble);
    expect(origin.requests).toHaveLength(1);
  });

  test("[P3] an upload whose answer comes early ends with its connection", async () => {
    using origin = await Origin.start((_request, response) => {
      response.writeHead(413, { "Content-Length": 3, Connection: "close" }).end("big");
    });
    using connection = await RawConnection.open(proxy.port);
    connection.write(`POST ${origin.url()} HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nfirst`);
    const { status, headers, body } = await connection.answer();
    expect([status, headers.get("connection"), body]).toEqual([413, "close", "big"]);
    await connection.close();
  });
});

test("[P3] ws:// in absolute form is upgraded, or refused as the server does", async () => {
  using server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: (request, own) =>
      new URL(request.url).pathname === "/no"
        ? new Response("not you", { status: 403 })
        : own.upgrade(request, { data: undefined })
          ? undefined
          : new Response("none", { status: 426 }),
    websocket: { message: (socket, text) => void socket.send(`you: ${String(text)}`) },
  });
  const ask = async (path: string): Promise<RawConnection> => {
    const connection = await RawConnection.open(proxy.port);
    return connection.write(
      `GET ws://127.0.0.1:${server.port}${path} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    );
  };
  using open = await ask("/");
  const head = await open.until(/\r\n\r\n/);
  expect(head).toMatch(/^HTTP\/1\.1 101 /);
  expect(head).toMatch(/^sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r$/im);
  // "hi", masked with zeros.
  open.write("\x81\x82\0\0\0\0hi");
  await open.until(/you: hi/);
  using refused = await ask("/no");
  const { status, body, headers } = await refused.answer();
  expect([status, body, headers.get("connection")]).toEqual([403, "not you", "close"]);
});
