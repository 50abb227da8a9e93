import { expect, test } from "bun:test";
import { outgoing } from "../../src/cache/key.ts";
import type { RelayedAnswer } from "../../src/http/relay.ts";
import { Bench, got, isHit } from "./support.ts";

const kept = { "cache-control": "public, max-age=600" };
const vary = (name: string) => ({ fields: { ...kept, vary: name } });

test("[C1] what varies by a field that the forwarder sets is not kept: a request does not show it", async () => {
  await using bench = new Bench((request) => vary(request.headers.get("x-vary")!));
  const unseen = { unseen: new Set(["x-auth-user"]) };
  const again = async (name: string): Promise<boolean> => {
    for (let n = 0; n < 2; n++) await bench.askOf(bench.cache, `/${name}`, { "x-vary": name }, "GET", unseen);
    return isHit(await bench.askOf(bench.cache, `/${name}`, { "x-vary": name }, "GET", unseen));
  };
  expect(await again("X-Auth-User")).toBe(false);
  expect(await again("Accept, X-AUTH-USER")).toBe(false);
  expect(await again("Accept")).toBe(true);
});

test("[C1] a request whose Connection takes fields off is not answered from the store, nor stored", async () => {
  await using bench = new Bench(() => vary("accept-language"));
  const ko = { "accept-language": "ko" };
  for (const connection of ["accept-language", "close, Accept-Language", "keep-alive,accept-language, te"]) {
    const { how } = await bench.ask("/a", { ...ko, connection });
    expect([connection, how]).toEqual([connection, "skitai; fwd=bypass; fwd-status=200"]);
  }
  expect((await bench.ask("/a", ko)).how).toContain("fwd=uri-miss");
  for (const connection of ["keep-alive", "Close", "keep-alive, Upgrade, HTTP2-Settings", "TE", ""])
    expect([connection, isHit(await bench.ask("/a", { ...ko, connection }))]).toEqual([connection, true]);
});

test("[C1] what clients are answered is not taken for what others answer to the same URL; a purge takes both", async () => {
  await using bench = new Bench(() => ({}));
  const url = "http://partner.example/rates";
  const ask = async (to: string, body: string, method = "GET"): Promise<[string, boolean]> => {
    const fields = [...Object.entries(kept), ["location", `${url}/1`]] as [string, string][];
    const answer: RelayedAnswer = { status: 201, reason: "", fields, body: Buffer.from(body), length: 4 };
    const found = await got(await bench.cache.answer({ method, url: to, fields: [] }, async () => answer));
    return [found.text, isHit(found)];
  };
  expect(await ask(url, "fake")).toEqual(["fake", false]);
  expect(await ask(outgoing(url), "real")).toEqual(["real", false]);
  expect([await ask(url, "-"), await ask(outgoing(url), "-")]).toEqual([
    ["fake", true],
    ["real", true],
  ]);
  for (const target of [{ url }, { prefix: "http://partner.example/" }]) {
    bench.cache.purge(target);
    expect([await ask(url, "fake"), await ask(outgoing(url), "real")]).toEqual([
      ["fake", false],
      ["real", false],
    ]);
  }
  // What an unsafe call takes away is of its own side, what it names included.
  await ask(outgoing(`${url}/1`), "one.");
  await ask(outgoing(url), "done", "POST");
  expect(await ask(outgoing(`${url}/1`), "new.")).toEqual(["new.", false]);
  expect(await ask(url, "-")).toEqual(["fake", true]);
});
