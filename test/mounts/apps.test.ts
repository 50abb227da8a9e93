import { afterAll, beforeAll, expect, test } from "bun:test";
import { type TestClient, testClient } from "../../src/testing/index.ts";
import { fixture } from "./support.ts";

let cli: TestClient;
beforeAll(async () => void (cli = await testClient(fixture("apps.ts"))));
afterAll(() => cli.stop());

test("[E1] Hono", async () => {
  expect((await cli.get("/hono/")).text).toBe("hono root");
  expect((await cli.get("/hono/pets/4?a=b")).data).toEqual({
    id: "4",
    url: `${cli.url}/pets/4?a=b`,
    same: true,
  });
  expect((await cli.post("/hono/form", { a: "1", b: "2" }, { as: "form" })).data).toEqual({ a: "1", b: "2" });
  expect((await cli.get("/hono/none")).status).toBe(404);
});

test("[E1] Elysia", async () => {
  expect((await cli.get("/elysia/")).text).toBe("elysia root");
  expect((await cli.get("/elysia/pets/4?a=b")).data).toEqual({
    id: "4",
    query: { a: "b" },
    point: "/elysia",
  });
  expect((await cli.post("/elysia/json", { a: [1] })).data).toEqual({ got: { a: [1] } });
  expect((await cli.get("/elysia/none")).status).toBe(404);
});

test("[E1] h3", async () => {
  expect((await cli.get("/h3/")).text).toBe("h3 root");
  expect((await cli.get("/h3/pets/4?a=b")).data).toEqual({
    id: "4",
    url: `${cli.url}/pets/4?a=b`,
    point: "/h3",
  });
  expect((await cli.post("/h3/json", { a: [1] })).data).toEqual({ got: { a: [1] } });
  expect((await cli.get("/h3/none")).status).toBe(404);
});

test("[E1] itty-router", async () => {
  expect((await cli.get("/itty/")).data).toEqual("itty root");
  expect((await cli.get("/itty/pets/4?a=b")).data).toEqual({
    id: "4",
    url: `${cli.url}/pets/4?a=b`,
    point: "/itty",
  });
  expect((await cli.post("/itty/json", { a: [1] })).data).toEqual({ got: { a: [1] } });
  expect((await cli.get("/itty/none")).status).toBe(404);
});

test("[E1] fetch functions, sync and async", async () => {
  expect((await cli.delete("/sync/a?b=c")).text).toBe("DELETE /a?b=c");
  expect((await cli.post("/async/a", "text")).text).toBe("text /a");
});

test("[E1] objects with fetch; a class instance keeps its this", async () => {
  expect((await cli.get("/object/a")).data).toEqual({ url: `${cli.url}/a` });
  expect((await cli.get("/bare/")).text).toBe("bare");
  expect((await cli.get("/class/a")).text).toBe("hello 1 /a /a");
  expect((await cli.get("/class/b")).text).toBe("hello 2 /b /b");
});

test("[E1] a handler that returns nothing is a 500, not a silence", async () => {
  expect((await cli.get("/nothing/")).status).toBe(500);
});
