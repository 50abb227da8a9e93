import { describe, expect, test } from "bun:test";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { RawConnection } from "../support/raw-connection.ts";
import { eventually } from "../process/support.ts";
import { ok, proxyTo, RawUpstream, saying } from "./support.ts";

const get = (path = "/"): string => `GET ${path} HTTP/1.1\r\nHost: a.test\r\n\r\n`;

interface Problem {
  status: number;
  detail: string;
}

describe("[P1] what is no answer is a 502 that names the alias, not the member", () => {
  const cases: [what: string, answer: string][] = [
    ["no HTTP", "SSH-2.0-OpenSSH\r\n\r\n"],
    [
      "length and coding",
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
    ],
    ["two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nhi"],
    ["a signed length", "HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nhi"],
    ["gzip as a transfer coding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"],
    ["a folded field", "HTTP/1.1 200 OK\r\nA: b\r\n c\r\nContent-Length: 0\r\n\r\n"],
    ["a bare CR in a field", "HTTP/1.1 200 OK\r\nA: b\rSet-Cookie: x=y\r\nContent-Length: 0\r\n\r\n"],
    ["a blank before the colon", "HTTP/1.1 200 OK\r\nContent-Length : 0\r\n\r\n"],
    ["a head without end", `HTTP/1.1 200 OK\r\n${`X: ${"x".repeat(1000)}\r\n`.repeat(80)}`],
    ["a protocol nobody asked for", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"],
    ["a status beyond 599", "HTTP/1.1 777 Odd\r\nContent-Length: 0\r\n\r\n"],
    ["1xx without end", "HTTP/1.1 100 Continue\r\n\r\n".repeat(40)],
    ["a chunk without size", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"],
  ];
  for (const [what, answer] of cases)
    test(what, async () => {
      await using upstream = await saying(answer);
      await using proxy = await proxyTo([upstream.port]);
      const { status, data } = await proxy.get<Problem>("/a");
      expect(status).toBe(502);
      expect(data.detail).toMatch(/^@up: /);
      expect(data.detail).not.toContain(String(upstream.port));
      await eventually(() => upstream.peers.every(({ closed }) => closed));
    });
});

test("[P1] 1xx before the answer is passed over; trailers and chunk extensions are dropped", async () => {
  const answer =
    "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 Fine\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n" +
    "2;a=b\r\nhi\r\n0\r\nX: y\r\n\r\n";
  await using upstream = await saying(answer);
  await using proxy = await proxyTo([upstream.port]);
  const result = await proxy.get("/");
  expect([result.status, result.text, result.headers.get("trailer")]).toEqual([200, "hi", null]);
  expect((await proxy.get("/")).text).toBe("hi");
  expect(upstream.peers).toHaveLength(1);
});

test("[P1] what follows an answer is never the answer to the next request", async () => {
  await using upstream = await saying(ok("a") + ok("poison"));
  await using proxy = await proxyTo([upstream.port], { options: { connections: 1 } });
  const bodies = await Promise.all(Array.from({ length: 6 }, async () => (await proxy.get("/")).text));
  expect(new Set(bodies)).toEqual(new Set(["a"]));
  expect(upstream.peers).toHaveLength(6);
});

describe("[P1] a body that is cut never ends well", () => {
  const cases: [what: string, head: string, body: string, reset: boolean][] = [
    ["chunked", "Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n", false],
    ["of a large length", "Content-Length: 1000000\r\n", "hello", false],
    ["until its connection is reset", "", "hello", true],
  ];
  for (const [what, head, body, reset] of cases)
    test(what, async () => {
      await using upstream = await RawUpstream.start(({ socket }) => {
        socket.write(`HTTP/1.1 200 OK\r\n${head}\r\n${body}`);
      });
      await using proxy = await proxyTo([upstream.port]);
      using client = await RawConnection.open(proxy.port);
      await client.write(get()).until(/hello/);
      const [{ socket }] = upstream.peers as [(typeof upstream.peers)[0]];
      if (reset) socket.resetAndDestroy();
      else socket.destroy();
      expect(await client.close()).not.toContain("\r\n0\r\n\r\n");
    });

  test("of a small length: a problem, since nothing was sent yet", async () => {
    await using upstream = await RawUpstream.start(({ socket }) => {
      socket.end("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello");
    });
    await using proxy = await proxyTo([upstream.port]);
    expect((await proxy.get("/")).status).toBe(502);
  });
});

test("[P1] a body without length or coding ends with its connection", async () => {
  await using upstream = await RawUpstream.start(({ socket }) => {
    socket.end("HTTP/1.0 200 OK\r\n\r\nall of it");
  });
  await using proxy = await proxyTo([upstream.port]);
  expect((await proxy.get("/")).text).toBe("all of it");
});

test("[P1] a small body that comes slowly is passed on as it comes", async () => {
  await using upstream = await saying("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
  await using proxy = await proxyTo([upstream.port]);
  using client = await RawConnection.open(proxy.port);
  await client.write(get()).until(/hello/);
  upstream.peers[0]!.socket.write("world");
  expect((await client.answer()).body).toBe("helloworld");
});

test("[P2] an upstream that does not answer in time is a 504, and its connection is closed", async () => {
  await using upstream = await saying("HTTP/1.1 200 OK\r\nX: ");
  await using proxy = await proxyTo([upstream.port], { options: { timeout: 0.5 } });
  const { status, data } = await proxy.get<Problem>("/");
  expect([status, data.detail]).toEqual([504, "@up: upstream did not answer in time"]);
  await eventually(() => upstream.peers[0]!.closed);
});

test("[P1] a client that goes away takes its upstream request with it, before and within the answer", async () => {
  await using upstream = await RawUpstream.start(({ socket }, head) => {
    if (head.includes("/within"))
      socket.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n");
  });
  await using proxy = await proxyTo([upstream.port]);
  for (const path of ["/before", "/within"]) {
    const client = await RawConnection.open(proxy.port);
    client.write(get(path));
    const peer = await eventually(() => upstream.peers.find(({ received }) => received.includes(path)));
    if (path === "/within") await client.until(/hi/);
    client[Symbol.dispose]();
    const from = performance.now();
    await eventually(() => peer.closed);
    expect(performance.now() - from).toBeLessThan(1500);
  }
});

test("[P1] an answer before the end of an upload is the answer, and the rest is not sent", async () => {
  await using upstream = await RawUpstream.start(({ socket }) => {
    socket.write("HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig");
  });
  await using proxy = await proxyTo([upstream.port]);
  using client = await RawConnection.open(proxy.port);
  client.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n${"x".repeat(1000)}`);
  expect(await client.answer()).toMatchObject({ status: 413, body: "big" });
  await eventually(() => upstream.peers[0]!.closed);
});

test("[P1] a client that breaks its upload off breaks the upstream's request off", async () => {
  await using upstream = await RawUpstream.start(() => {});
  await using proxy = await proxyTo([upstream.port]);
  const client = await RawConnection.open(proxy.port);
  client.write("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
  const peer = await eventually(() => upstream.peers.find(({ received }) => received.includes("abc")));
  client[Symbol.dispose]();
  await eventually(() => peer.closed);
  expect(peer.received).not.toContain("0\r\n\r\n");
});

/** The status of a path that no client resolves. */
async function statusOf(port: number, path: string): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  socket.write(`GET ${path} HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n`);
  return (await text(socket)).slice(9, 12);
}

test("[P1] a dot segment that only the upstream would take for one does not lead out of the mount", async () => {
  await using upstream = await saying(ok("in"));
  await using proxy = await proxyTo([upstream.port]);
  for (const path of [
    "/..%2fadmin",
    "/%2e%2e%2Fadmin",
    "/a/.%2e%5cadmin",
    "/..;/admin",
    "/a%2f..",
    "/a%2f./b",
  ])
    expect([path, await statusOf(proxy.port, `/search${path}`)]).toEqual([path, "400"]);
  expect(upstream.requests).toBe(0);
  for (const path of ["/...", "/..a/b", "/a..%2fb", "/.well-known/x", "/a%2fb", "/x;y=..", "/?a=/..%2f"])
    expect([path, await statusOf(proxy.port, `/search${path}`)]).toEqual([path, "200"]);
});

test("[P1] a path that the upstream would read as one of another mount is not forwarded", async () => {
  await using upstream = await saying(ok("in"));
  await using proxy = await proxyTo([upstream.port]);
  for (const path of [
    "/%6fwn",
    "//own/a",
    "/own%2Fa",
    "/own;a=b/c",
    "/%2f%6Fwn%5ca",
    "/own%3b",
    "/%73earch/a",
  ])
    expect([path, await statusOf(proxy.port, path)]).toEqual([path, "404"]);
  expect(upstream.requests).toBe(0);
  for (const path of ["/Own", "/a//own", "/a%2fb;c/own", "/%256fwn", "/caf%C3%A9%20b", "/search/%6fwn//a"])
    expect([path, await statusOf(proxy.port, path)]).toEqual([path, "200"]);
});
