import { afterEach, expect, setSystemTime, test } from "bun:test";
import { keyOf } from "../../src/cache/key.ts";
import type { RelayedAnswer } from "../../src/http/relay.ts";
import { Bench, got, isHit, type Scripted } from "./support.ts";

afterEach(() => void setSystemTime());

const pass = (seconds: number): void => void setSystemTime(new Date(Date.now() + seconds * 1000));
const hour: Scripted = { fields: { "cache-control": "max-age=3600", etag: '"a"' }, body: "0123456789" };

/** Answers 304 to the right tag, after `first`. */
const validated =
  (first: Scripted, fields: Readonly<Record<string, string>>) =>
  (request: Request, count: number): Scripted =>
    count > 1 && request.headers.get("if-none-match") === '"a"' ? { status: 304, fields } : first;

test("[C1] a hit says its age and the rest of its time, right every second", async () => {
  await using bench = new Bench(() => ({ fields: { "cache-control": "max-age=100", age: "10" } }));
  const begin = Date.now();
  setSystemTime(new Date(begin));
  await bench.ask();
  for (const seconds of [0, 1, 2.5, 89]) {
    setSystemTime(new Date(begin + seconds * 1000));
    const { how, field } = await bench.ask();
    const age = Number(field("age"));
    // The time of the fetch, and whole seconds of Date, may add one.
    expect(age - 10 - Math.floor(seconds)).toBeWithin(0, 3);
    expect(how).toBe(`skitai; hit; ttl=${100 - age}`);
    expect(field("date")).toBeString();
  }
});

test("[C1] hits of one second are one object, which nothing is waited for", async () => {
  await using bench = new Bench(() => hour);
  await bench.ask();
  const request = { method: "GET", url: bench.url(), fields: [["User-Agent", "x"]] as const };
  const first = bench.cache.answer(request, bench.forward);
  const second = bench.cache.answer(request, bench.forward);
  expect(first).not.toBeInstanceOf(Promise);
  expect((first as RelayedAnswer).body).toEqual(new TextEncoder().encode("0123456789"));
  expect(second).toBe(first);
  pass(1.5);
  expect(bench.cache.answer(request, bench.forward)).not.toBe(first);
  expect(bench.cache.stats()).toMatchObject({ hits: 3, misses: 1, entries: 1 });
});

test("[C1] HEAD is answered from what GET stored, and stores nothing", async () => {
  await using bench = new Bench(() => hour);
  await bench.ask("/", {}, "HEAD");
  await bench.ask();
  const head = await bench.ask("/", {}, "HEAD");
  expect([isHit(head), head.text, head.field("content-length"), bench.seen.length]).toEqual([
    true,
    "",
    "10",
    2,
  ]);
});

test("[C1] ranges come from the whole that is stored", async () => {
  await using bench = new Bench(() => hour);
  await bench.ask();
  const part = await bench.ask("/", { range: "bytes=2-4" });
  expect([part.status, part.text, part.field("content-range"), part.field("content-length")]).toEqual([
    206,
    "234",
    "bytes 2-4/10",
    "3",
  ]);
  expect((await bench.ask("/", { range: "bytes=-3" })).text).toBe("789");
  expect((await bench.ask("/", { range: "bytes=2-4", "if-range": '"a"' })).status).toBe(206);
  expect((await bench.ask("/", { range: "bytes=2-4", "if-range": '"b"' })).status).toBe(200);
  expect((await bench.ask("/", { range: "bytes=0-1,4-5" })).text).toBe("0123456789");
  const beyond = await bench.ask("/", { range: "bytes=20-" });
  expect([beyond.status, beyond.field("content-range"), beyond.text]).toEqual([416, "bytes */10", ""]);
  expect(bench.seen.length).toBe(1);
});

test("[C1] a part that the origin sends is not stored", async () => {
  await using bench = new Bench(() => ({
    status: 206,
    fields: { "cache-control": "max-age=3600", "content-range": "bytes 0-1/10" },
    body: "01",
  }));
  expect((await bench.ask("/", { range: "bytes=0-1" })).status).toBe(206);
  await bench.ask("/", { range: "bytes=0-1" });
  expect([bench.seen.length, bench.cache.stats().entries]).toEqual([2, 0]);
});

test("[C1] conditions of clients are evaluated on what is stored", async () => {
  const modified = "Mon, 02 Jan 2023 00:00:00 GMT";
  const fields = { ...hour.fields, "last-modified": modified };
  await using bench = new Bench(() => ({ ...hour, fields }));
  await bench.ask();
  const same = await bench.ask("/", { "if-none-match": 'W/"a"' });
  expect([same.status, same.text, same.field("etag"), same.field("content-length")]).toEqual([
    304,
    "",
    '"a"',
    undefined,
  ]);
  expect((await bench.ask("/", { "if-none-match": '"b"' })).status).toBe(200);
  expect((await bench.ask("/", { "if-none-match": "*" })).status).toBe(304);
  expect((await bench.ask("/", { "if-modified-since": modified })).status).toBe(304);
  expect((await bench.ask("/", { "if-modified-since": "Sun, 01 Jan 2023 00:00:00 GMT" })).status).toBe(200);
  expect((await bench.ask("/", { "if-none-match": '"b"', "if-modified-since": modified })).status).toBe(200);
  expect(bench.seen.length).toBe(1);
});

test("[C2] a stale entry is validated, and a 304 renews its fields", async () => {
  const first = {
    fields: { "cache-control": "max-age=2", etag: '"a"', "x-a": "1", "x-b": "1" },
    body: "old",
  };
  await using bench = new Bench(
    validated(first, { "cache-control": "max-age=50", etag: '"a"', "x-a": "2", "x-new": "3" }),
  );
  await bench.ask();
  pass(5);
  const renewed = await bench.ask();
  expect(renewed).toMatchObject({ status: 200, text: "old" });
  expect(renewed.how).toMatch(/^skitai; fwd=stale; fwd-status=304; ttl=\d+; stored$/);
  expect(["x-a", "x-b", "x-new", "content-length"].map(renewed.field)).toEqual(["2", "1", "3", "3"]);
  pass(20);
  expect(isHit(await bench.ask())).toBe(true);
  expect(bench.seen.length).toBe(2);
});

test("[C2] a client that validates a stale entry gets its own 304; ranges are cut from the renewed entry", async () => {
  const first = { fields: { "cache-control": "max-age=2", etag: '"a"' }, body: "0123456789" };
  await using bench = new Bench(validated(first, { "cache-control": "max-age=2", etag: '"a"' }));
  await bench.ask();
  pass(5);
  expect((await bench.ask("/", { "if-none-match": '"a"' })).status).toBe(304);
  pass(5);
  expect((await bench.ask("/", { "if-none-match": '"other"' })).text).toBe("0123456789");
  pass(5);
  expect((await bench.ask("/", { range: "bytes=1-2" })).text).toBe("12");
  expect(bench.seen.map(({ headers }) => headers.get("if-none-match"))).toEqual([null, '"a"', '"a"', '"a"']);
  expect(bench.seen.some(({ headers }) => headers.has("range"))).toBe(false);
});

test("[C2] a 304 of something else is not believed; a 200 replaces what is stored", async () => {
  await using bench = new Bench((request, count) =>
    request.headers.has("if-none-match")
      ? { status: 304, fields: { etag: '"z"' } }
      : { fields: { "cache-control": "max-age=2", etag: `"${count}"` } },
  );
  await bench.ask();
  pass(5);
  expect((await bench.ask()).text).toBe("body 3");
  expect((await bench.ask()).text).toBe("body 3");
  expect(bench.seen[2]!.headers.get("if-none-match")).toBeNull();
});

test("[C2] no-cache is stored and validated each time", async () => {
  const first = { fields: { "cache-control": "no-cache", etag: '"a"' }, body: "x" };
  await using bench = new Bench(validated(first, { "cache-control": "no-cache", etag: '"a"' }));
  for (const _ of [1, 2, 3]) expect((await bench.ask()).text).toBe("x");
  expect(bench.seen.map(({ headers }) => headers.get("if-none-match"))).toEqual([null, '"a"', '"a"']);
});

test("[C1] fields that are private, and of one connection, are not stored", async () => {
  await using bench = new Bench(() => ({
    fields: {
      "cache-control": 'private="x-secret", no-cache="x-other", max-age=60',
      "x-secret": "s",
      "x-other": "o",
      "x-hop": "h",
      connection: "x-hop",
      "x-kept": "k",
      "cache-tag": "t",
      "cache-status": "origin; hit",
    },
  }));
  const first = await bench.ask();
  expect([first.field("x-secret"), first.field("x-hop"), first.field("cache-tag")]).toEqual([
    "s",
    undefined,
    undefined,
  ]);
  expect(first.how).toBe("origin; hit, skitai; fwd=uri-miss; fwd-status=200; stored");
  const second = await bench.ask();
  expect(["x-secret", "x-other", "x-hop", "cache-tag", "x-kept"].map(second.field)).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
    "k",
  ]);
  expect(second.how).toMatch(/^origin; hit, skitai; hit; ttl=\d+$/);
});

test("[C2] variants live beside each other, up to 32", async () => {
  await using bench = new Bench((request) => ({
    fields: { "cache-control": "max-age=60", vary: "accept-language" },
    body: request.headers.get("accept-language") ?? "none",
  }));
  for (const language of ["en", "de"]) await bench.ask("/", { "accept-language": language });
  expect((await bench.ask("/", { "accept-language": "ko" })).how).toBe(
    "skitai; fwd=vary-miss; fwd-status=200; stored",
  );
  for (const language of ["en", "de", "ko"]) {
    const found = await bench.ask("/", { "accept-language": language });
    expect([isHit(found), found.text]).toEqual([true, language]);
  }
  for (let index = 0; index < 40; index++) await bench.ask("/", { "accept-language": `l${index}` });
  expect(bench.cache.stats().entries).toBe(32);
});

test("[C2] stale-while-revalidate answers at once and fetches behind it", async () => {
  await using bench = new Bench(() => ({
    fields: { "cache-control": "max-age=2, stale-while-revalidate=60" },
  }));
  await bench.ask();
  pass(10);
  const request = { method: "GET", url: bench.url(), fields: [] };
  const detached = Promise.withResolvers<boolean>();
  const stale = bench.cache.answer(request, async (sent, alone) => {
    const answer = await bench.forward(sent);
    detached.resolve(alone);
    return answer;
  });
  expect(stale).not.toBeInstanceOf(Promise);
  expect((await got(await stale)).text).toBe("body 1");
  expect((await got(await stale)).how).toMatch(/hit; ttl=-\d$/);
  expect(await detached.promise).toBe(true);
  while ((await bench.ask()).text === "body 1") await Bun.sleep(1);
  pass(1000);
  expect((await bench.ask()).text).not.toBe("body 2");
});

test("[C2] stale-if-error stands in for an upstream that fails, for so long", async () => {
  let broken = false;
  await using bench = new Bench(() =>
    broken ? { status: 503 } : { fields: { "cache-control": "max-age=2, stale-if-error=60" }, body: "fine" },
  );
  await bench.ask();
  broken = true;
  pass(10);
  const stale = await bench.ask();
  expect([stale.status, stale.text]).toEqual([200, "fine"]);
  expect(stale.how).toMatch(/^skitai; fwd=stale; fwd-status=503; ttl=-\d$/);
  const request = { method: "GET", url: bench.url(), fields: [] };
  const unreachable = bench.cache.answer(request, () => Promise.reject(new Error("refused")));
  expect((await unreachable).status).toBe(200);
  pass(100);
  expect((await bench.ask()).status).toBe(503);
  expect(async () => await bench.cache.answer(request, () => Promise.reject(new Error("refused")))).toThrow(
    "refused",
  );
});

test("[C2] without stale-if-error, or with must-revalidate, a failure is shown", async () => {
  for (const value of ["max-age=2", "max-age=2, stale-if-error=60, must-revalidate"]) {
    await using bench = new Bench((_, count) =>
      count > 1 ? { status: 500 } : { fields: { "cache-control": value } },
    );
    await bench.ask();
    pass(10);
    expect((await bench.ask()).status).toBe(500);
  }
});

test("[C1] only-if-cached gets 504 rather than a fetch", async () => {
  await using bench = new Bench(() => hour);
  expect((await bench.ask("/", { "cache-control": "only-if-cached" })).status).toBe(504);
  await bench.ask();
  expect((await bench.ask("/", { "cache-control": "only-if-cached" })).status).toBe(200);
  expect(bench.seen.length).toBe(1);
});

test("[C1] unsafe methods that succeed take away what they changed", async () => {
  for (const [method, status, more, gone] of [
    ["POST", 200, {}, ["/a"]],
    ["PUT", 204, {}, ["/a"]],
    ["DELETE", 200, {}, ["/a"]],
    ["M-SEARCH", 200, {}, ["/a"]],
    ["POST", 201, { location: "/b", "content-location": "/c?x=1" }, ["/a", "/b", "/c?x=1"]],
    ["POST", 303, { location: "b" }, ["/a", "/b"]],
    ["POST", 200, { location: "http://other.example/b" }, ["/a"]],
    ["POST", 404, { location: "/b" }, []],
    ["POST", 500, {}, []],
    ["OPTIONS", 200, {}, []],
  ] as const) {
    await using bench = new Bench((request) =>
      request.method === "GET" ? hour : { status, fields: more as Record<string, string> },
    );
    const paths = ["/a", "/b", "/c?x=1"];
    for (const path of paths) await bench.ask(path);
    await bench.ask("/a", {}, method);
    const missed: string[] = [];
    for (const path of paths) if (!isHit(await bench.ask(path))) missed.push(path);
    expect([method, status, missed]).toEqual([method, status, [...gone]]);
  }
});

test("[C1] keys: host and scheme are normal, path and query are what is forwarded", () => {
  expect(keyOf("HTTP://Example.COM:80/A?b=1&a=2")).toBe("http://example.com/A?b=1&a=2");
  expect(keyOf("https://example.com:443")).toBe("https://example.com/");
  expect(keyOf("https://example.com:80/")).toBe("https://example.com:80/");
  expect(keyOf("http://[::1]:80/")).toBe("http://[::1]/");
  expect(keyOf("http://example.com?x")).toBe("http://example.com/?x");
  expect(keyOf("http://a/%2e%2e/x")).toBe("http://a/%2e%2e/x");
  for (const none of [
    "http://u:p@a/",
    "ftp://a/",
    "/x",
    "http:///x",
    "http://a\\b/",
    `http://a/${"x".repeat(9000)}`,
  ])
    expect(keyOf(none)).toBeUndefined();
});

test("[C1] deception: a path that only looks like a file is its own entry, and stored only if it says so", async () => {
  await using bench = new Bench((request) => ({
    fields: new URL(request.url).pathname.startsWith("/account") ? {} : { "cache-control": "max-age=60" },
    body: request.url,
  }));
  for (const path of ["/account..;/x.css", "/account;x.css", "/account%2Fx.css", "/account/x.css"]) {
    await bench.ask(path);
    expect(isHit(await bench.ask(path))).toBe(false);
  }
  await bench.ask("/a?x=1&y=2");
  for (const path of ["/a?y=2&x=1", "/a", "/A?x=1&y=2", "/a?x=1&y=2&", "/%61?x=1&y=2"])
    expect(isHit(await bench.ask(path))).toBe(false);
  expect(isHit(await bench.ask("/a?x=1&y=2"))).toBe(true);
});

test("[C1] poisoning: what is not in the key is not stored, nor answered from the store", async () => {
  await using bench = new Bench(() => hour);
  for (const name of ["x-http-method-override", "x-original-url", "x-rewrite-url", "content-length"]) {
    const { how } = await bench.ask(`/${name}`, { [name]: name === "content-length" ? "1" : "/admin" });
    expect(how).toBe("skitai; fwd=bypass; fwd-status=200");
  }
  const fat = await bench.askOf(bench.cache, "/fat", {}, "GET", { body: true });
  expect([fat.how, bench.cache.stats().entries]).toEqual(["skitai; fwd=bypass; fwd-status=200", 0]);
});

test("[C1] heads and selecting values that are too large are not stored", async () => {
  await using bench = new Bench((request) => ({
    fields: {
      "cache-control": "max-age=60",
      vary: "x-a",
      ...(request.url.endsWith("/big")
        ? Object.fromEntries([..."abcd"].map((c) => [`x-${c}`, c.repeat(9000)]))
        : {}),
    },
  }));
  await bench.ask("/big");
  await bench.ask("/long", { "x-a": "y".repeat(5000) });
  expect(bench.cache.stats().entries).toBe(0);
  await bench.ask("/fine", { "x-a": "y" });
  expect(bench.cache.stats().entries).toBe(1);
});

test("[C1] a proxy may leave what clients direct unheard", async () => {
  await using bench = new Bench(() => hour);
  await bench.ask();
  const found = await bench.askOf(bench.cache, "/", { "cache-control": "no-cache" }, "GET", {
    ignoreDirectives: true,
  });
  expect(isHit(found)).toBe(true);
});

test("[C1] HEAD that tells of another content takes away what is stale", async () => {
  await using bench = new Bench((request, count) =>
    request.method === "HEAD"
      ? { fields: { etag: '"b"' }, body: "other" }
      : { fields: { "cache-control": "max-age=2", etag: `"a"` }, body: `body ${count}` },
  );
  await bench.ask();
  pass(10);
  await bench.ask("/", {}, "HEAD");
  expect(bench.cache.stats().entries).toBe(0);
});
