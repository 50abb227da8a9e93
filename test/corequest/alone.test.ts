import { expect, test } from "bun:test";
import * as corequest from "skitai/corequest";
import { Email } from "skitai/mail";
import { was } from "../../src/was.ts";

test("[Q2 D2 Q4] skitai/corequest works without a service, and is what was shows", async () => {
  const upstream = Bun.serve({ port: 0, fetch: () => Response.json({ price: 7 }) });
  corequest.alias("@alone", "http", `127.0.0.1:${upstream.port}`);
  const pets = corequest.alias("@alone-pets", "sqlite3", ":memory:");
  await corequest.db(pets).execute("create table pets (id integer primary key, name text)");
  await corequest.db(pets).insert("pets").data({ id: 1, name: "Rex" }).execute();
  const { price, pet } = await corequest
    .Tasks({ price: corequest.get("@alone/1"), pet__one: corequest.db(pets).select("pets").execute() })
    .dict();
  expect([price, pet]).toEqual([{ price: 7 }, { id: 1, name: "Rex" }]);
  expect(was.get).toBe(corequest.get);
  await corequest.closeConnections();
  await upstream.stop(true);
});

test("[M1] skitai/mail gives what was.email gives", () => {
  expect(was.email("Hello", "a@example.com", "b@example.com")).toBeInstanceOf(Email);
});
