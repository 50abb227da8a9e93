import { afterAll, beforeAll, expect, test } from "bun:test";
import { relative } from "node:path";
import { testClient, type TestClient } from "../../src/testing/index.ts";

const echo = new URL("./fixtures/echo.ts", import.meta.url);

interface Echo {
  method: string;
  url: string;
  host: string;
  type: string | null;
  cookie: string | null;
  own: string | null;
  body: string;
}

let cli: TestClient;
beforeAll(async () => {
  cli = await testClient(echo, undefined, { headers: { "x-own": "default" } });
});
afterAll(async () => {
  await cli.stop();
});

test("[V2] a free port when none is given", async () => {
  await using other = await testClient(echo);
  expect(other.port).toBeGreaterThan(0);
  expect(other.port).not.toBe(cli.port);
  expect(other.url).toBe(`http://127.0.0.1:${other.port}`);
  expect(other.pid).toBeGreaterThan(0);
  expect((await other.get("/")).status).toBe(200);
});

test("[V1] starts on the port it is told, from a path relative to the current directory", async () => {
  const probe = Bun.serve({ port: 0, fetch: () => new Response() });
  const port = probe.port as number;
  await probe.stop(true);
  await using fixed = await testClient(relative(process.cwd(), Bun.fileURLToPath(echo)), port, {
    args: ["--more", "1"],
  });
  expect(fixed.port).toBe(port);
  expect((await fixed.get("/")).ok).toBe(true);
  expect(fixed.output).toContain(`echo is up --port ${port} --more 1`);
});

test("[V1] an executable is started by itself, with env", async () => {
  const script = new URL("./fixtures/executable.sh", import.meta.url);
  const env = { FIXTURE_BUN: process.execPath, FIXTURE: "on" };
  await using binary = await testClient(script, undefined, { env });
  expect((await binary.get("/env")).data).toEqual({ FIXTURE: "on", parent: String(process.pid) });
});

test("[V1] dry starts nothing and talks to the port", async () => {
  await using dry = await testClient("./no-such-file.ts", cli.port, { dry: true });
  expect(dry.pid).toBeUndefined();
  expect((await dry.get<Echo>("/a")).data.url).toBe("/a");
  expect(await dry.stop()).toBeNull();
  expect((await cli.get("/")).status).toBe(200);
});

test("[V1] dry without a port is refused", async () => {
  await expect(testClient("./x.ts", undefined, { dry: true })).rejects.toMatchObject({
    code: "OPTION_INVALID",
  });
});

test.each(["get", "delete", "options"] as const)("[V1] %s", async (verb) => {
  const { data } = await cli[verb]<Echo>("/echo?a=1", { query: { b: ["x y", 2], c: null, d: "&" } });
  expect(data).toMatchObject({
    method: verb.toUpperCase(),
    url: "/echo?a=1&b=x+y&b=2&d=%26",
    body: "",
    type: null,
  });
});

test("[V1] head", async () => {
  const { status, text, data, headers } = await cli.head("/echo");
  expect({ status, text, data }).toEqual({ status: 200, text: "", data: undefined });
  expect(headers.get("content-type")).toStartWith("application/json");
});

test.each(["post", "put", "patch"] as const)(
  "[V1] %s sends JSON by default, a form when asked",
  async (verb) => {
    const json = await cli[verb]<Echo>("/echo", { name: "Hans", tags: [1] });
    expect(json.data).toMatchObject({
      method: verb.toUpperCase(),
      type: "application/json",
      body: '{"name":"Hans","tags":[1]}',
    });
    const form = await cli[verb]<Echo>("/echo", { name: "Hans Roh", tags: [1, 2] }, { as: "form" });
    expect(form.data.type).toStartWith("application/x-www-form-urlencoded");
    expect(form.data.body).toBe("name=Hans+Roh&tags=1&tags=2");
  },
);

test("[V1] text, bytes and URLSearchParams are sent as they are", async () => {
  const text = await cli.post<Echo>("/echo", "plain");
  expect(text.data).toMatchObject({ body: "plain", type: "text/plain;charset=UTF-8" });
  expect((await cli.post<Echo>("/echo", new Uint8Array([65, 66]))).data.body).toBe("AB");
  expect((await cli.post<Echo>("/echo", new URLSearchParams({ a: "b" }))).data.body).toBe("a=b");
  expect((await cli.post<Echo>("/echo", new Blob(["c"], { type: "x/y" }))).data).toMatchObject({
    body: "c",
    type: "x/y",
  });
  expect((await cli.post<Echo>("/echo")).data).toMatchObject({ body: "", type: null });
  expect((await cli.post<Echo>("/echo", "quoted", { as: "json" })).data.body).toBe('"quoted"');
});

test("[V1] request takes any method and its own headers", async () => {
  const { data } = await cli.request<Echo>("PROPFIND", "echo", {
    headers: { "x-own": "mine", host: "www.site1.com", "content-type": "application/vnd.api+json" },
    json: { a: 1 },
  });
  expect(data).toEqual({
    method: "PROPFIND",
    url: "/echo",
    host: "www.site1.com",
    type: "application/vnd.api+json",
    cookie: null,
    own: "mine",
    body: '{"a":1}',
  });
  expect((await cli.get<Echo>("/echo")).data.own).toBe("default");
});

test("[V1] two bodies are refused", async () => {
  await expect(cli.request("POST", "/", { json: 1, body: "x" })).rejects.toMatchObject({
    code: "OPTION_INVALID",
  });
});

test("[V1] upload sends real files, blobs and fields as a multipart form", async () => {
  const sent = Bun.file(new URL("./client.test.ts", import.meta.url));
  const { data } = await cli.upload("/files", {
    file: sent,
    more: [new File(["one"], "one.bin", { type: "x/y" }), new Blob(["two"], { type: "x/z" })],
    title: "Me",
    none: undefined,
  });
  expect(data).toEqual([
    ["file", "client.test.ts", Bun.SHA256.hash(await sent.arrayBuffer(), "hex")],
    ["more", "one.bin", Bun.SHA256.hash("one", "hex")],
    ["more", "blob", Bun.SHA256.hash("two", "hex")],
    ["title", "Me"],
  ]);
  const raw = await cli.upload<Echo>(
    "/echo",
    { file: new Blob(["two"], { type: "x/z" }) },
    { headers: { "x-own": "1" } },
  );
  expect(raw.data.type).toStartWith("multipart/form-data; boundary=");
  expect(raw.data.body).toContain('name="file"; filename="blob"\r\nContent-Type: x/z\r\n\r\ntwo\r\n');
});

test("[V1] upload of a file that is not there fails with its name", async () => {
  await expect(cli.upload("/files", { file: Bun.file("/no/such/file") })).rejects.toThrow("/no/such/file");
});

test("[V1] a result has status, text, bytes and data by type", async () => {
  const problem = await cli.get("/problem");
  expect(problem).toMatchObject({ status: 410, statusCode: 410, ok: false, data: { title: "Gone" } });
  expect((await cli.get("/text")).data).toBe("hé");
  expect((await cli.get("/latin1")).text).toBe("hé");
  const bytes = await cli.get("/bytes");
  expect([...bytes.bytes]).toEqual([0, 1, 255]);
  expect(bytes.data).toBeUndefined();
  const bad = await cli.get("/bad-json");
  expect(() => bad.data).toThrow(SyntaxError);
});

test("[V1] a redirect is the result; follow goes on inside the server, with cookies", async () => {
  const login = await cli.post("/login", { user: "a" });
  expect([login.status, login.headers.get("location")]).toEqual([302, "/echo"]);
  cli.cookies.clear();
  const { data } = await cli.post<Echo>("/login", { user: "a" }, { redirect: "follow" });
  expect(data).toMatchObject({ method: "GET", url: "/echo", cookie: "session=s1", type: null, body: "" });
  expect((await cli.get("/away", { redirect: "follow" })).status).toBe(302);
  expect((await cli.get("/loop", { redirect: "follow" })).status).toBe(307);
  cli.cookies.clear();
});

test("[V1] cookies come back, and go when they expire", async () => {
  await cli.get("/set-cookie", { query: { c: ["a=1; Path=/", "b=2; Path=/; HttpOnly; Secure"] } });
  expect((await cli.get<Echo>("/x")).data.cookie).toBe("a=1; b=2");
  expect((await cli.get<Echo>("/x", { headers: { cookie: "z=9" } })).data.cookie).toBe("z=9");
  await cli.get("/set-cookie", { query: { c: "a=; Path=/; Max-Age=0" } });
  expect((await cli.get<Echo>("/x")).data.cookie).toBe("b=2");
  expect(cli.cookies.get("b")).toBe("2");
  await using other = await testClient("", cli.port, { dry: true });
  expect((await other.get<Echo>("/x")).data.cookie).toBeNull();
  cli.cookies.clear();
});

test("[V1] a cookie belongs to the virtual host that set it", async () => {
  const site = { headers: { host: "www.site1.com" } };
  await cli.get("/set-cookie", { ...site, query: { c: ["h=1; Path=/", "d=2; Path=/; Domain=site1.com"] } });
  expect((await cli.get<Echo>("/x", site)).data.cookie).toBe("h=1; d=2");
  expect((await cli.get<Echo>("/x", { headers: { host: "api.site1.com" } })).data.cookie).toBe("d=2");
  expect((await cli.get<Echo>("/x")).data.cookie).toBeNull();
  cli.cookies.clear();
});

test("[V1] a request that takes too long fails", async () => {
  const slow = Bun.serve({ port: 0, fetch: () => new Promise<Response>(() => {}) });
  await using dry = await testClient("", slow.port as number, { dry: true });
  const late = await dry.get("/", { timeout: 0.05 }).catch((error: unknown) => error);
  expect(late).toMatchObject({ name: "TimeoutError" });
  await slow.stop(true);
});
