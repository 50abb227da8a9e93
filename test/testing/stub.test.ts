import { afterAll, beforeAll, expect, test } from "bun:test";
import { launch, type Engine } from "../../src/testing/index.ts";

type Names = "apis" | "pets" | "v1" | "user" | "profile" | "photo" | "files" | "echo";
let engine: Engine<Names>;
beforeAll(async () => {
  engine = await launch<Names>(new URL("./fixtures/echo.ts", import.meta.url));
});
afterAll(async () => {
  await engine.stop();
});

test("[V1] properties and calls of a stub are its path", async () => {
  const stub = engine.api<Names>();
  const { data } = await stub.apis.pets(45).get({ x: 1, tag: ["a", "b"] });
  expect(data).toMatchObject({ method: "GET", url: "/apis/pets/45?x=1&tag=a&tag=b" });
  expect((await stub.get()).data).toMatchObject({ url: "/" });
  expect((await engine.api<Names>("/v1/").pets.delete()).data).toMatchObject({
    method: "DELETE",
    url: "/v1/pets",
  });
});

test.each(["post", "put", "patch"] as const)("[V1] stub %s sends JSON", async (verb) => {
  const { data } = await engine.api<Names>().apis.pets[verb]({ name: "Rex" });
  expect(data).toMatchObject({ method: verb.toUpperCase(), url: "/apis/pets", body: '{"name":"Rex"}' });
});

test("[V1] segments are percent-encoded, and never leave the path", async () => {
  const stub = engine.api<Names>();
  expect((await stub.pets("a/b?c#d e", "é", "").get()).data).toMatchObject({
    url: "/pets/a%2Fb%3Fc%23d%20e/%C3%A9/",
  });
  expect((await stub("get", "then", "constructor").get()).data).toMatchObject({
    url: "/get/then/constructor",
  });
  expect(() => stub.pets("..")).toThrow(expect.objectContaining({ code: "OPTION_INVALID" }));
});

test("[V1] a stub can be awaited", async () => {
  const stub = await engine.api<Names>().pets;
  expect((await stub.get()).status).toBe(200);
});

test("[V2] launch: properties of the engine are stubs, its verbs take paths", async () => {
  expect((await engine.get("/")).data).toMatchObject({ url: "/" });
  expect((await engine.v1.user("434").get()).data).toMatchObject({ method: "GET", url: "/v1/user/434" });
  expect((await engine.v1.user.post({ name: "Hans Roh" })).data).toMatchObject({
    body: '{"name":"Hans Roh"}',
  });
  const { data } = await engine.files.upload({ file: Bun.file(new URL("./stub.test.ts", import.meta.url)) });
  expect(data).toEqual([["file", "stub.test.ts", expect.any(String)]]);
  expect(engine.url).toBe(`http://127.0.0.1:${engine.port}`);
});
