import { describe, expect, test } from "bun:test";
import { aliasDeclaration } from "../../src/config/alias-options.ts";
import type { SkitaiError } from "../../src/errors.ts";
import { Cluster } from "../../src/upstream/cluster.ts";
import { Sticky } from "../../src/upstream/sticky.ts";
import { eventually } from "../process/support.ts";
import { RawConnection } from "../support/raw-connection.ts";
import { ok, proxyTo, RawUpstream } from "./support.ts";

const serving = (name: string): Promise<RawUpstream> =>
  RawUpstream.start(({ socket }) => void socket.write(ok(name)));
/** A port that refuses. */
async function nobody(): Promise<number> {
  await using upstream = await serving("");
  return upstream.port;
}

describe("[P2] what may be asked twice", () => {
  test("nothing was sent: any method goes to the next member", async () => {
    await using good = await serving("good");
    const dead = await nobody();
    await using proxy = await proxyTo([dead, good.port]);
    for (let n = 0; n < 4; n++) expect((await proxy.post("/", "body")).text).toBe("good");
  });

  test("it may have been taken: GET goes to the next member, POST does not", async () => {
    await using good = await serving("good");
    await using bad = await RawUpstream.start(({ socket }) => socket.destroy());
    const statuses = { GET: new Set<number>(), POST: new Set<number>() };
    for (const method of ["GET", "POST"] as const)
      for (let n = 0; n < 4 && (method === "GET" || !statuses.POST.has(502)); n++) {
        await using proxy = await proxyTo([bad.port, good.port]);
        statuses[method].add(
          (await proxy.request(method, "/", method === "POST" ? { body: "x" } : {})).status,
        );
      }
    expect(statuses.GET).toEqual(new Set([200]));
    expect(statuses.POST).toContain(502);
    const posts = bad.peers.filter(({ received }) => received.startsWith("POST"));
    expect(posts).toHaveLength(1);
  });

  test("it was answered: no other member is asked, whatever the answer is", async () => {
    await using one = await RawUpstream.start(({ socket }) => {
      socket.write("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n");
    });
    await using proxy = await proxyTo([one.port, one.port]);
    expect((await proxy.get("/")).status).toBe(503);
    expect(one.requests).toBe(1);
  });

  test("a kept connection that was closed: GET is asked again on a new one", async () => {
    await using upstream = await RawUpstream.start((peer) => {
      if (peer.requests === 1) peer.socket.write(ok("first"));
      else peer.socket.destroy();
    });
    await using proxy = await proxyTo([upstream.port]);
    for (let n = 0; n < 5; n++) expect((await proxy.get("/")).text).toBe("first");
    expect(upstream.peers).toHaveLength(5);
  });
});

test("[P2] no member at all: 502 with the alias, and both members were tried", async () => {
  const [one, two] = [await nobody(), await nobody()];
  await using proxy = await proxyTo([one, two]);
  const { status, data } = await proxy.get<{ detail: string }>("/");
  expect([status, data.detail]).toEqual([502, "@up: upstream not reached"]);
});

test("[P2] beyond connections and queue: 503 with Retry-After; a client that left the queue is not asked for", async () => {
  const held: (() => void)[] = [];
  await using upstream = await RawUpstream.start(
    ({ socket }) => void held.push(() => socket.write(ok("late"))),
  );
  await using proxy = await proxyTo([upstream.port], { options: { connections: 1, queue: 1, timeout: 10 } });
  const first = proxy.get("/first");
  await eventually(() => held.length === 1);
  const queued = await RawConnection.open(proxy.port);
  queued.write("GET /queued HTTP/1.1\r\nHost: a\r\n\r\n");
  const refused = await eventually(async () => {
    const result = await proxy.get("/third", { timeout: 0.3 }).catch(() => undefined);
    return result?.status === 503 && result;
  });
  expect(refused.headers.get("retry-after")).toBe("1");
  expect(refused.text).toContain("@up: upstream is busy");
  queued[Symbol.dispose]();
  // The place of who left is free again.
  const fourth = await eventually(async () => {
    const settled = proxy.get("/fourth");
    const early = await Promise.race([settled, Bun.sleep(200)]);
    return early === undefined && { settled };
  });
  held[0]!();
  expect((await first).text).toBe("late");
  await eventually(() => held.length === 2);
  held[1]!();
  expect((await fourth.settled).text).toBe("late");
  expect(upstream.peers[0]!.received).not.toContain("/queued");
});

test("[P2] an address that never answers is given up after connectTimeout", async () => {
  await using good = await serving("good");
  // TEST-NET-1 (RFC 5737): dropped, or refused at once where there is no route.
  await using proxy = await proxyTo(["192.0.2.1:9 100000", good.port], { options: { connectTimeout: 0.3 } });
  const from = performance.now();
  expect((await proxy.get("/")).text).toBe("good");
  expect(performance.now() - from).toBeLessThan(1900);
});

test("[P2] health checks take a member out and bring it back, and say so once", async () => {
  let well = true;
  await using one = await RawUpstream.start(({ socket }, head) => {
    const status = head.includes("/healthz") && !well ? "500 No" : "200 OK";
    socket.write(`HTTP/1.1 ${status}\r\nContent-Length: 3\r\n\r\none`);
  });
  await using two = await serving("two");
  const health = { path: "/healthz", interval: 0.05, timeout: 1, rise: 2, fall: 2 };
  await using proxy = await proxyTo([one.port, two.port], { options: { health } });
  const seen = async (): Promise<string> => {
    const texts = await Promise.all(Array.from({ length: 16 }, async () => (await proxy.get("/x")).text));
    return [...new Set(texts)].sort().join(" ");
  };
  await eventually(async () => (await seen()) === "one two");
  well = false;
  await eventually(async () => (await seen()) === "two");
  well = true;
  await eventually(async () => (await seen()) === "one two");
  const said = await eventually(() => {
    const lines = proxy.output.split("\n").filter((line) => line.includes("@up: "));
    return lines.length >= 2 && lines;
  });
  expect(said).toHaveLength(2);
  expect(said[0]).toMatch(/\[warn\] @up: 127\.0\.0\.1:\d+ is down: status 500/);
  expect(said[1]).toContain("is back");
});

test("[P2] sticky by cookie: the member of the first answer answers all others, and another when it is gone", async () => {
  await using one = await serving("one");
  await using two = await serving("two");
  await using proxy = await proxyTo([one.port, two.port], {
    options: { sticky: "cookie", stickyCookie: "stick" },
  });
  const first = await proxy.get("/");
  const cookie = first.headers.get("set-cookie")!;
  expect(cookie).toMatch(/^stick=[\da-f]+; Path=\/; HttpOnly; SameSite=Lax$/);
  for (let n = 0; n < 10; n++) {
    const again = await proxy.get("/");
    expect([again.text, again.headers.get("set-cookie")]).toEqual([first.text, null]);
  }
  await (first.text === "one" ? one : two)[Symbol.asyncDispose]();
  const moved = await eventually(async () => {
    const result = await proxy.get("/");
    return result.status === 200 && result.text !== first.text && result;
  });
  expect(moved.headers.get("set-cookie")).toStartWith("stick=");
});

test("[P2] sticky by client: the same for the same address, and only those of a lost member move", () => {
  const cluster = new Cluster(aliasDeclaration("@s", "http", ["a:1", "b:1", "c:1 2"], { sticky: "client" }));
  const sticky = new Sticky(cluster);
  const addresses = Array.from({ length: 400 }, (_, n) => `10.0.${n >> 8}.${n & 255}`);
  const before = addresses.map((each) => sticky.byClient(each)!.label);
  expect(addresses.map((each) => sticky.byClient(each)!.label)).toEqual(before);
  const share = (label: string): number => before.filter((each) => each === label).length;
  expect(share("c:1")).toBeGreaterThan(share("a:1"));
  expect(Math.min(share("a:1"), share("b:1"))).toBeGreaterThan(60);
  cluster.members[0]!.checked(false, Date.now());
  const after = addresses.map((each) => sticky.byClient(each)!.label);
  expect(after.filter((each, n) => each !== before[n])).toHaveLength(share("a:1"));
});

test("[P2] a member that comes back gets its share slowly", () => {
  const cluster = new Cluster(aliasDeclaration("@s", "http", ["a:1"], { slowStart: "10s" }));
  const [member] = cluster.members;
  const now = 1_000_000;
  expect(member!.weightAt(now)).toBe(1);
  member!.checked(false, now);
  expect(member!.available(now)).toBe(false);
  member!.checked(true, now);
  expect([now, now + 5000, now + 10_000].map((at) => member!.weightAt(at))).toEqual([0.05, 0.5, 1]);
});

describe("[P2] wrong options say what is accepted", () => {
  const cases: [options: object, said: RegExp][] = [
    [{ connectTimeout: "no" }, /"no".*connectTimeout/],
    [{ connections: 0 }, /connections as an integer from 1/],
    [{ queue: -1 }, /queue as an integer/],
    [{ health: true }, /health as/],
    [{ health: {} }, /health\.path/],
    [{ health: { path: "/a\r\nX: y" } }, /health\.path/],
    [{ health: { path: "/", often: 1 } }, /"often".*interval/],
    [{ health: { path: "/", fall: 0 } }, /health\.fall/],
    [{ sticky: "ip" }, /sticky as "cookie" or "client"/],
    [{ stickyCookie: "a;b" }, /stickyCookie/],
    [{ preserveHost: 1 }, /preserveHost as true or false/],
    [{ protocol: "h2" }, /protocol as/],
    [{ slowStart: -1 }, /slowStart/],
  ];
  for (const [options, said] of cases)
    test(JSON.stringify(options), () => {
      let error: SkitaiError | undefined;
      try {
        aliasDeclaration("@m", "http", "a:1", options);
      } catch (thrown) {
        error = thrown as SkitaiError;
      }
      expect(error?.message).toMatch(said);
    });
});

test("[P4] idle connections are kept as long as setBackendKeepAlive says", async () => {
  await using upstream = await serving("ok");
  await using proxy = await proxyTo([upstream.port], { args: ["--backend-idle=1"] });
  await proxy.get("/");
  await proxy.get("/");
  expect(upstream.peers).toHaveLength(1);
  expect(upstream.peers[0]!.closed).toBe(false);
  await eventually(() => upstream.peers[0]!.closed);
  expect((await proxy.get("/")).text).toBe("ok");
  expect(upstream.peers).toHaveLength(2);
});

test("[P4] a wrong time is refused with what is accepted", async () => {
  await expect(proxyTo([1], { args: ["--backend-idle=0"] })).rejects.toThrow(
    /setBackendKeepAlive.*1 second to 1 hour/s,
  );
});

test("[P2] two workers know the same cookie", async () => {
  await using one = await serving("one");
  await using two = await serving("two");
  await using proxy = await proxyTo([one.port, two.port], {
    options: { sticky: "cookie" },
    args: ["--workers=2"],
  });
  const first = await proxy.get("/");
  const [cookie] = first.headers.get("set-cookie")!.split(";");
  const request = `GET / HTTP/1.1\r\nHost: a\r\nCookie: ${cookie}\r\nConnection: close\r\n\r\n`;
  // Each connection goes to the worker that the kernel chooses.
  for (let n = 0; n < 16; n++) {
    using connection = await RawConnection.open(proxy.port);
    expect((await connection.write(request).answer()).body).toBe(first.text);
  }
  await eventually(() => / W0 /.test(proxy.output) && / W1 /.test(proxy.output));
});
