import { afterAll, beforeAll, expect, test } from "bun:test";
import { type TestClient, testClient } from "../../src/testing/index.ts";
import { bodyOf, fixture, headOf, rawExchange } from "./support.ts";

let cli: TestClient;
beforeAll(async () => void (cli = await testClient(fixture("points.ts"))));
afterAll(() => cli.stop());

/** What the app sees, asked byte by byte: clients normalise. */
async function seen(target: string): Promise<Record<string, unknown>> {
  const answer = await rawExchange(
    cli.port,
    `GET ${target} HTTP/1.1\r\nHost: h.example\r\nConnection: close\r\n\r\n`,
  );
  return JSON.parse(bodyOf(answer)) as Record<string, unknown>;
}

test("[E9] an app sees its own paths and knows its point", async () => {
  for (const point of ["/v1", "/a/b/c", ""]) {
    const url = "http://h.example/pets/4?x=1&y=/v1";
    expect(await seen(`${point}/pets/4?x=1&y=/v1`)).toEqual({
      url,
      clone: url,
      copy: url,
      path: "/pets/4",
      search: "?x=1&y=/v1",
      point,
      was: true,
      urls: [`${point}/hello`, `${point}/hello`],
      body: null,
    });
  }
});

test("[E9] clones of a request keep the own URL and the body", async () => {
  const { data } = await cli.post<Record<string, unknown>>("/v1/form", "text");
  expect([data["url"], data["clone"], data["body"]]).toEqual([
    `${cli.url}/form`,
    `${cli.url}/form`,
    "texttext",
  ]);
});

test("[E9] a point without its slash is redirected with method and query kept", async () => {
  for (const method of ["GET", "POST", "DELETE"]) {
    const { status, headers } = await cli.request(method, "/v1?x=1&y=%2F");
    expect([method, status, headers.get("location")]).toEqual([method, 308, "/v1/?x=1&y=%2F"]);
  }
  const followed = await cli.post<Record<string, unknown>>("/v1?x=1", "kept", { redirect: "follow" });
  expect([followed.data["body"], followed.data["search"]]).toEqual(["keptkept", "?x=1"]);
  const answer = await rawExchange(
    cli.port,
    "GET /caf%c3%a9/%C3%9Cn%C3%AF HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
  );
  expect(new Map(headOf(answer)).get("location")).toBe("/caf%c3%a9/%C3%9Cn%C3%AF/");
});

test("[E9] a function answers at its very point, without a redirect", async () => {
  const { status, data } = await cli.get<Record<string, unknown>>("/exact?x=1");
  expect([status, data["url"], data["search"]]).toEqual([200, `${cli.url}/?x=1`, "?x=1"]);
  expect((await cli.get("/exact/")).status).toBe(200);
});

test("[E9] encoded characters survive", async () => {
  for (const path of [
    "/a%2Fb",
    "/a%20b",
    "/caf%C3%A9",
    "/caf%c3%a9",
    "/%25",
    "/a+b",
    "/%3Fq",
    "/a;b=c",
    "/a%2fb//c",
  ]) {
    const { url, path: own } = await seen(`/v1${path}?q=%2F+%20`);
    expect([own, url]).toEqual([path, `http://h.example${path}?q=%2F+%20`]);
  }
});

test("[E9] points with encoded and unicode characters, however a client writes them", async () => {
  const coffee = {
    path: "/x",
    point: "/caf%C3%A9/%C3%9Cn%C3%AF",
    urls: ["/caf%C3%A9/%C3%9Cn%C3%AF/hello", "/caf%C3%A9/%C3%9Cn%C3%AF/hello"],
  };
  for (const target of [
    "/caf%C3%A9/%C3%9Cn%C3%AF/x",
    "/caf%c3%a9/%c3%9cn%c3%af/x",
    "/caf\xc3\xa9/\xc3\x9cn\xc3\xaf/x",
  ])
    expect(await seen(target)).toMatchObject({ ...coffee, url: "http://h.example/x" });
  expect(await seen("/enc%C3%A4/a%20b/x")).toMatchObject({ path: "/x", point: "/enc%C3%A4/a%20b" });
  expect(await seen("/enc%c3%a4/a%20b/x%c3%a4")).toMatchObject({
    path: "/x%c3%a4",
    point: "/enc%C3%A4/a%20b",
  });
  for (const target of ["/%7Bbraces%7D/x", "/{braces}/x"])
    expect(await seen(target)).toMatchObject({ path: "/x", point: "/%7Bbraces%7D" });
});

test("[E9] Hono below a point: c.env, c.req.path, redirects, parameters", async () => {
  expect((await cli.get("/hono/")).data).toEqual({ url: `${cli.url}/`, path: "/", point: "/hono" });
  expect((await cli.get("/hono/go")).headers.get("location")).toBe("/hono/");
  expect((await cli.get("/hono/name/a%2Fb%20%C3%A9?q=%26")).data).toEqual({
    name: "a/b é",
    // Hono decodes what it matches, all but the slash.
    raw: "/name/a%2Fb é",
    query: "&",
  });
});

test("[E9] Hono's route, basePath and mount below a point", async () => {
  expect((await cli.post("/hono/route/x/1", "one")).data).toEqual({
    id: "1",
    path: "/route/x/1",
    body: "one",
  });
  expect((await cli.get("/hono/based/y")).text).toBe("based /based/y /based/y");
  expect((await cli.post("/hono/mounted/x/2", "two")).data).toEqual({ id: "2", path: "/x/2", body: "two" });
  expect((await cli.post("/hono/look/z?a=b", "three")).data).toMatchObject({
    url: `${cli.url}/z?a=b`,
    body: "threethree",
  });
});
