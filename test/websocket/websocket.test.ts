import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type TestClient, testClient } from "../../src/testing/index.ts";
import { websocket, WS_CHANNEL } from "../../src/index.ts";
import { eventually } from "../process/support.ts";
import { Client, fixture } from "./support.ts";

let server: TestClient;
beforeAll(async () => {
  server = await testClient(fixture, undefined, { host: "127.0.0.1" });
});
afterAll(() => server.stop());

const open = (path: string, options?: Parameters<typeof Client.open>[1]): Promise<Client> =>
  Client.open(server.url + path, options);
/** The log is written when the worker gets to it. */
const logged = (pattern: RegExp): Promise<true> => eventually(() => pattern.test(server.output) || undefined);
const closedOf = async (id: unknown): Promise<Record<string, unknown> | undefined> =>
  (await server.get<Record<string, unknown>[]>("/closed")).data.find((each) => each["id"] === id);

describe("[X1] messages", () => {
  test("a message comes in, what is returned goes out", async () => {
    using client = await open("/echo");
    expect(await client.ask("one")).toBe("ECHO:one");
    expect(await client.ask("")).toBe("ECHO:");
    expect(await client.ask("ünïcödé 🎉")).toBe("ECHO:ünïcödé 🎉");
    client.socket.close(1000);
    expect(await client.closed).toEqual({ code: 1000, reason: "" });
  });

  test("a session receives by yield and sends by yield with a value", async () => {
    using client = await open("/session");
    expect(await client.next()).toBe("welcome string");
    client.send("a").send("many").send("b").send("quit");
    expect(await client.take(5)).toEqual(["1 a", "one", "two", "3 b", "bye"]);
    expect(await client.closed).toEqual({ code: 1000, reason: "" });
  });

  test("a session is told of its end, whether it asks or not", async () => {
    const before = (await server.get<unknown[]>("/closed")).data.length;
    using client = await open("/session");
    await client.next();
    expect(await client.ask("x")).toBe("1 x");
    client.socket.close();
    using other = await open("/sync-session");
    expect(await other.ask("x")).toBe("got x");
    other.socket.terminate();
    await eventually(async () => {
      const ends = (await server.get<unknown[]>("/closed")).data.slice(before);
      return ends.includes("session of 1") && ends.includes("sync session");
    });
  });

  test("a session that throws is closed with 1011, and logged", async () => {
    using client = await open("/session");
    await client.next();
    client.send("fail");
    expect((await client.closed).code).toBe(1011);
    await eventually(() => server.output.includes("Error: session failed"));
    expect(server.output).toMatch(/\[expt:GTID-C\d+-R\d+\/1000\] Error: session failed/);
  });

  test("messages of one connection are handled in their order, or at once", async () => {
    using ordered = await open("/ordered");
    ordered.send("60").send("1").send("20");
    expect(await ordered.take(3)).toEqual(["60", "1", "20"]);
    using atOnce = await open("/at-once");
    atOnce.send("400").send("1").send("150");
    expect(await atOnce.take(3)).toEqual(["1", "150", "400"]);
  });
});

describe("[X1] events", () => {
  test("init may refuse, at once or late; what it throws is a 500", async () => {
    const upgrade = { upgrade: "websocket", connection: "upgrade" };
    const refused = await server.get("/events", { headers: { ...upgrade, authorization: "wrong" } });
    expect([refused.status, refused.text, refused.headers.get("x-why")]).toEqual([
      401,
      "who are you?",
      "wrong",
    ]);
    expect((await server.get("/events", { headers: { ...upgrade, authorization: "throw" } })).status).toBe(
      500,
    );
    using late = await open("/events", { headers: { authorization: "late" } });
    expect(await late.next()).toBe("open late 127.0.0.1");
    using early = await open("/events");
    expect(await early.next()).toBe("open early 127.0.0.1");
  });

  test("close is told once, with code and reason, and works with the context of the request", async () => {
    using client = await open("/events");
    await client.next();
    const id = await client.ask("id");
    client.socket.close(4000, "enough");
    await eventually(() => closedOf(id));
    expect(await closedOf(id)).toEqual({ id, code: 4000, reason: "enough", sent: false });
    await logged(/\[info:GTID-C\d+-R\d+\/1000\] closed 4000 enough true false 127\.0\.0\.1\n/);
  });

  test("the app closes, with codes that an app may use", async () => {
    using client = await open("/events");
    await client.next();
    expect(await client.ask("bad code")).toContain("close code: 1005 is not accepted");
    const id = await client.ask("id");
    client.send("close");
    expect(await client.closed).toEqual({ code: 4001, reason: "as you wish" });
    await eventually(() => closedOf(id));
    expect(await closedOf(id)).toMatchObject({ code: 4001, reason: "as you wish" });
  });

  for (const how of ["fail", "reject"])
    test(`a handler that fails closes with 1011 and is logged with its ids: ${how}`, async () => {
      using client = await open("/events");
      await client.next();
      client.send(how);
      expect((await client.closed).code).toBe(1011);
      await logged(new RegExp(`\\[expt:GTID-C\\d+-R\\d+/1000\\] Error: handler ${how}ed`));
    });

  test("was works in handlers: log, context and calls with ids", async () => {
    using client = await open("/events");
    await client.next();
    const gtxnid = String(await client.ask("log"));
    expect(gtxnid).toMatch(/^GTID-C\d+-R\d+$/);
    await eventually(() => server.output.includes(`message in true ${gtxnid}`));
    expect(server.output).toContain(`[info:${gtxnid}/1000] message in true ${gtxnid}`);
    const called = JSON.parse(JSON.parse(`"${String(await client.ask("call")).replaceAll('"', '\\"')}"`));
    expect(called).toEqual([gtxnid, 2001]);
  });

  test("ids are unique, and anybody may send by the client that was kept", async () => {
    using one = await open("/events");
    using two = await open("/events");
    await Promise.all([one.next(), two.next()]);
    const [a, b] = [await one.ask("id"), await two.ask("id")];
    expect(a).not.toBe(b);
    expect((await server.get(`/send?id=${a}`)).text).toBe("true");
    expect(await one.next()).toBe("from elsewhere");
    one.send("late");
    expect(await one.take(2)).toEqual(["soon", "from a timer"]);
    one.socket.close();
    await eventually(() => closedOf(a));
    expect((await server.get(`/send?id=${a}`)).text).toBe("undefined");
    expect(two.left).toBe(0);
  });
});

describe("[X1] handshake", () => {
  test("a request that asks for no websocket is told so", async () => {
    const plain = await server.get("/echo");
    expect([plain.status, plain.headers.get("upgrade")]).toEqual([426, "websocket"]);
    const keyless = { upgrade: "websocket", connection: "upgrade", "sec-websocket-version": "13" };
    expect((await server.get("/echo", { headers: keyless })).status).toBe(400);
    expect((await server.post("/echo", "x", { headers: keyless })).status).toBe(426);
  });

  test("query parameters are typed by a schema, and refused with a 400", async () => {
    using client = await open("/typed?page=41&tag=a&tag=b");
    expect(await client.ask("x")).toBe("42 a,b");
    const headers = { upgrade: "websocket", connection: "upgrade" };
    for (const query of ["", "?page=x", "?page=1.5"]) {
      const wrong = await server.get<{ detail: string }>(`/typed${query}`, { headers });
      expect([query, wrong.status, wrong.data.detail]).toEqual([
        query,
        400,
        expect.stringContaining('query parameter "page"'),
      ]);
    }
  });

  test("pages of elsewhere are refused, unless they are declared", async () => {
    const host = server.url.slice(7);
    const cases: [string, string, boolean][] = [
      ["/echo", `http://${host}`, true],
      ["/echo", `https://${host}`, true],
      ["/echo", "https://evil.example", false],
      ["/echo", "null", false],
      ["/echo", `http://${host}.evil.example`, false],
      ["/origins", "https://good.example", true],
      ["/origins", `http://${host}`, false],
      ["/origins", "http://good.example", false],
      ["/any-origin", "null", true],
    ];
    for (const [path, origin, accepted] of cases) {
      const opened = open(path, { headers: { origin } }).then(
        (client) => (client[Symbol.dispose](), true),
        (error: Error) => error.message.includes("403") && false,
      );
      expect([path, origin, await opened]).toEqual([path, origin, accepted]);
    }
  });

  test("a subprotocol is chosen by the server's preference", async () => {
    using both = await open("/protocols", { protocols: ["v1", "v2"] });
    expect([both.socket.protocol, await both.ask("x")]).toEqual(["v2", "[v2]"]);
    using none = await open("/protocols");
    expect([none.socket.protocol, await none.ask("x")]).toEqual(["", "[]"]);
    await expect(open("/protocols", { protocols: ["v3"] })).rejects.toThrow("400");
  });

  test("it opens inside Hono, as a route and within a handler", async () => {
    using direct = await open("/hono/direct");
    expect(await direct.ask("x")).toBe("hono x");
    using named = await open("/hono/rooms/7?x=1");
    expect(JSON.parse(String(await named.ask("[1]")))).toEqual({
      message: [1],
      data: { id: "7" },
      path: "/rooms/7",
    });
    expect((await server.get("/hono/direct")).status).toBe(426);
  });

  test("the request log has one line for it", async () => {
    using client = await open("/echo?logged=1");
    await client.ask("x");
    await eventually(() => / GET \/echo\?logged=1 1\.1 0 101 /.test(server.output));
    expect(server.output.match(/logged=1/g)).toHaveLength(1);
  });
});

describe("[X2] encodings", () => {
  test("JSON: values, bad ones are a typed error of the handler or close with 1007", async () => {
    using client = await open("/json");
    expect(await client.ask('{"a":[1,null]}')).toBe('{"got":{"a":[1,null]}}');
    client.send("{bad");
    expect(await client.closed).toEqual({ code: 1007, reason: "message: JSON" });
    using bytes = await open("/json");
    bytes.send(new Uint8Array([1]));
    expect((await bytes.closed).code).toBe(1003);
    using told = await open("/json-errors");
    expect(JSON.parse(String(await told.ask("{bad")))).toEqual({
      code: "SOCKET_MESSAGE",
      error: "message: JSON",
    });
    expect(JSON.parse(String(await told.ask("[1,2]")))).toEqual([1, 2]);
  });

  test("XML-RPC: calls, responses and faults; what is no call closes with 1007", async () => {
    using client = await open("/xmlrpc");
    const call = (name: string, ...params: number[]): string =>
      `<?xml version="1.0"?><methodCall><methodName>${name}</methodName><params>${params
        .map((each) => `<param><value><int>${each}</int></value></param>`)
        .join("")}</params></methodCall>`;
    expect(await client.ask(call("add", 2, 3))).toContain("<value><int>5</int></value>");
    const fault = await client.ask(call("gone"));
    expect(fault).toContain("<fault>");
    expect(fault).toContain("no method gone");
    expect(await client.ask(call("add", 1))).toContain("<int>1</int>");
    client.send("<methodCall/>");
    expect((await client.closed).code).toBe(1007);
  });

  test("binary and both", async () => {
    using binary = await open("/binary");
    expect(await binary.ask(new Uint8Array([1, 2, 3]))).toEqual(Buffer.from([3, 2, 1]));
    binary.send("text");
    expect((await binary.closed).code).toBe(1003);
    using raw = await open("/raw");
    expect(await raw.ask("text")).toBe("text");
    expect(await raw.ask(new Uint8Array([255, 0]))).toEqual(Buffer.from([255, 0]));
    using text = await open("/echo");
    text.send(new Uint8Array([1]));
    expect((await text.closed).code).toBe(1003);
  });

  test("several messages for one: lists, generators, streams, promises; or none", async () => {
    using client = await open("/many");
    client
      .send("list")
      .send("generator")
      .send("async")
      .send("nothing")
      .send("stream")
      .send("promise")
      .send("number");
    expect(await client.take(11)).toEqual([
      ...["a", "b", Buffer.from([1, 2]), "g1", "g2", "a1", "a2"],
      ...[Buffer.from("streamed"), "p1", "p2", "42"],
    ]);
    client.send("object");
    expect((await client.closed).code).toBe(1011);
    await eventually(() => server.output.includes("objects need the encoding json"));
  });

  test("compression, where it is wanted and the client can", async () => {
    const headers = { "sec-websocket-extensions": "permessage-deflate" };
    using plain = await open("/raw", { headers });
    expect(plain.socket.extensions).toBe("");
    using deflating = await open("/deflate", { headers });
    expect(deflating.socket.extensions).toContain("permessage-deflate");
    for (const text of ["short", "long ".repeat(5000)]) expect(await deflating.ask(text)).toBe(text);
    expect(await deflating.ask(new Uint8Array(5000))).toEqual(Buffer.alloc(5000));
  });
});

describe("[X1] options", () => {
  const handler = (): undefined => undefined;
  const wrong: [string, () => unknown, string][] = [
    ["spec", () => websocket(2, 60, handler), "spec of a websocket: 2 is not accepted"],
    ["spec flags", () => websocket(WS_CHANNEL | 4096, 60, handler), "spec of a websocket: 4097"],
    ["timeout", () => websocket(WS_CHANNEL, "soon", handler), 'timeout of a websocket: "soon"'],
    ["zero", () => websocket(WS_CHANNEL, 0, handler), "timeout of a websocket: 0"],
    ["encoding", () => websocket({ encoding: "yaml" as "json" }, handler), 'encoding of a websocket: "yaml"'],
    ["maxMessage", () => websocket({ maxMessage: "17mb" }, handler), 'maxMessage of a websocket: "17mb"'],
    ["backpressure", () => websocket({ backpressure: "9mb" }, handler), "backpressure of a websocket"],
    ["maxClients", () => websocket({ maxClients: 0 }, handler), "maxClients of a websocket: 0"],
    [
      "origins",
      () => websocket({ origins: ["example.com"] }, handler),
      'origins of a websocket: "example.com"',
    ],
    ["protocols", () => websocket({ protocols: ["a b"] }, handler), "protocols of a websocket"],
    ["handler", () => websocket({}, undefined as never), "handler of a websocket: a function"],
  ];
  for (const [name, make, message] of wrong) test(name, () => expect(make).toThrow(message));
  test("unknown", () => expect(() => websocket({ maxMesage: 1 } as never, handler)).toThrow("maxMesage"));
});

describe("[X4] was.ws in a handler", () => {
  test("the other side continues the transaction", async () => {
    const [own, other] = (await server.get<string[]>("/ask")).data;
    expect(own).toMatch(/^GTID-/);
    expect(other).toBe(own!);
    await logged(new RegExp(`\\[info:${own}/2001\\] message in true`));
  });

  test("it ends with the request that opened it", async () => {
    const aborted = new AbortController();
    const held = fetch(`${server.url}/hold`, { signal: aborted.signal }).catch(() => "aborted");
    await logged(/GET \/events\?held=1 1\.1 0 101/);
    const before = (await server.get<unknown[]>("/closed")).data.length;
    aborted.abort();
    expect(await held).toBe("aborted");
    await eventually(async () => {
      const ends = (await server.get<{ code?: number }[]>("/closed")).data.slice(before);
      return ends.some(({ code }) => code === 1001);
    });
  });
});
