import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { testClient, type TestClient } from "../../src/testing/index.ts";
import { eventually } from "../support/log-lines.ts";

let cli: TestClient;
beforeAll(async () => {
  cli = await testClient(join(import.meta.dir, "fixtures/thrown.ts"));
});
afterAll(() => cli.stop());

test("[E1] a form as an answer keeps its type and boundary", async () => {
  const { headers, response, bytes } = await cli.get("/form");
  const type = headers.get("content-type") ?? "";
  expect(type).toMatch(/^multipart\/form-data; ?boundary=/);
  const form = await new Response(bytes as Uint8Array<ArrayBuffer>, {
    headers: { "content-type": type },
  }).formData();
  expect([response.status, form.get("a")]).toEqual([200, "1"]);
});

test("[E14] a thrown Response is the answer", async () => {
  const { status, text } = await cli.get("/teapot");
  expect([status, text]).toEqual([418, "teapot"]);
});

test("[E14] the text of an error that is not made for the client stays inside", async () => {
  const { status, text } = await cli.get("/upstream");
  expect(status).toBe(404);
  expect(text).not.toContain("SECRET");
});

test("[E14] an error that says it is meant for the client reaches it", async () => {
  const { status, data } = await cli.get<{ detail: string }>("/exposed");
  expect([status, data.detail]).toEqual([404, "no such pet"]);
});

test("[L1] a client that went away is logged with its address", async () => {
  const gone = cli.get("/waits?gone", { timeout: 0.2 }).then(
    () => "answered",
    () => "gone",
  );
  expect(await gone).toBe("gone");
  const line = await eventually(
    () => cli.output.split("\n").find((each) => each.includes("/waits?gone")),
    "a request line",
  );
  expect(line).toContain(" 127.0.0.1 ");
});
