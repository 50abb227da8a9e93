import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { testClient, type TestClient } from "../../src/testing/index.ts";
import { fromTraceparent, toTraceparent } from "../../src/trace/traceparent.ts";

const script = join(import.meta.dir, "fixtures/serve.ts");
const outside = "4bf92f3577b34da6a3ce929d0e0e4736";

/** Both ids, as the handler saw them. */
async function ids(
  cli: TestClient,
  headers: Record<string, string> = {},
): Promise<{ gtxnid: string; ltxnid: number }> {
  const { data } = await cli.get<{ gtxnid: string; ltxnid: number }>("/", { headers });
  return { gtxnid: data.gtxnid, ltxnid: data.ltxnid };
}

describe("transaction ids", () => {
  let cli: TestClient;
  beforeAll(async () => {
    cli = await testClient(script, 0, { workers: 2 });
  });
  afterAll(() => cli.stop());

  test("[L4] every request gets its own global id and the local id 1000", async () => {
    const seen = await Promise.all(Array.from({ length: 50 }, () => ids(cli)));
    expect(new Set(seen.map(({ gtxnid }) => gtxnid)).size).toBe(50);
    for (const { gtxnid, ltxnid } of seen) {
      expect(gtxnid).toMatch(/^GTID-C\d+-R\d+$/);
      expect(ltxnid).toBe(1000);
    }
  });

  test("[L4] a trusted peer's ids are taken over, one hop deeper", async () => {
    expect(await ids(cli, { "x-gtxn-id": "GTID-C4676-R67", "x-ltxn-id": "1001" })).toEqual({
      gtxnid: "GTID-C4676-R67",
      ltxnid: 2001,
    });
    expect(await ids(cli, { "x-gtxn-id": "421a-17-18", "x-ltxn-id": "2003" })).toEqual({
      gtxnid: "421a-17-18",
      ltxnid: 3003,
    });
  });

  test("[L4] a global id without a usable local one starts at 1000", async () => {
    expect((await ids(cli, { "x-gtxn-id": "a-1" })).ltxnid).toBe(1000);
    expect((await ids(cli, { "x-gtxn-id": "a-1", "x-ltxn-id": "12x" })).ltxnid).toBe(1000);
  });

  test("[L4] malformed ids are as good as none", async () => {
    for (const bad of ["two words", "x".repeat(81), 'a"b', "a/b"]) {
      expect((await ids(cli, { "x-gtxn-id": bad })).gtxnid).toMatch(/^GTID-C\d+-R\d+$/);
    }
  });

  test("[L4] a W3C trace becomes the global id, and goes out as the same trace", async () => {
    const { gtxnid, ltxnid } = await ids(cli, { traceparent: `00-${outside}-00f067aa0ba902b7-01` });
    expect([gtxnid, ltxnid]).toEqual([`GTID-T${outside}`, 1000]);
    expect(toTraceparent(gtxnid, 1001)).toMatch(new RegExp(`^00-${outside}-[\\da-f]{16}-01$`));
  });

  test("[L4] malformed traceparents are ignored", async () => {
    for (const bad of [
      "",
      "00",
      `00-${"0".repeat(32)}-00f067aa0ba902b7-01`,
      `00-${outside}-${"0".repeat(16)}-01`,
      `ff-${outside}-00f067aa0ba902b7-01`,
      `00-${outside.toUpperCase()}-00f067aa0ba902b7-01`,
    ]) {
      expect(fromTraceparent(bad)).toBeUndefined();
    }
  });

  test("[L4] our own ids map to one trace for all hops, with a span for each", () => {
    const [first, second] = [toTraceparent("GTID-C1-R1", 1001), toTraceparent("GTID-C1-R1", 2001)];
    expect(first).toMatch(/^00-[\da-f]{32}-[\da-f]{16}-01$/);
    expect(first.slice(0, 35)).toBe(second.slice(0, 35));
    expect(first).not.toBe(second);
  });
});

test("[L4] ids from peers that are not trusted are not taken", async () => {
  await using cli = await testClient(script, 0, { args: ["--trusted-proxies=10.0.0.0/8"] });
  const { gtxnid, ltxnid } = await ids(cli, {
    "x-gtxn-id": "forged",
    "x-ltxn-id": "5000",
    traceparent: `00-${outside}-00f067aa0ba902b7-01`,
  });
  expect(gtxnid).toMatch(/^GTID-C\d+-R\d+$/);
  expect(ltxnid).toBe(1000);
});

test("[L4] client addresses are believed from trusted proxies only, from the right", async () => {
  const headers = { "x-forwarded-for": "6.6.6.6, 9.9.9.9, 10.1.1.1" };
  await using trusting = await testClient(script, 0, { args: ["--trusted-proxies=127.0.0.1,10.0.0.0/8"] });
  expect((await trusting.get<{ ip: string }>("/", { headers })).data.ip).toBe("9.9.9.9");
  await using wary = await testClient(script, 0, { args: ["--trusted-proxies=10.0.0.0/8"] });
  expect((await wary.get<{ ip: string }>("/", { headers })).data.ip).toBe("127.0.0.1");
  for (const bad of ["forged", "9.9.9.9.9", "-", "<script>"]) {
    expect((await trusting.get<{ ip: string }>("/", { headers: { "x-forwarded-for": bad } })).data.ip).toBe(
      "127.0.0.1",
    );
  }
});
