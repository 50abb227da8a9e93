import { expect, test } from "bun:test";
import { Watched } from "./operator-support.ts";
import { eventually, pinEach } from "./support.ts";

const duration = "skitai_http_request_duration_seconds";
const counted = (mount: string, status: string): string =>
  `${duration}_count{mount="${mount}",class="${status}"}`;

test("[U2] metrics are the sums of all workers, over their deaths and reloads, and never go down", async () => {
  await using watched = await Watched.start(["--workers=2"]);
  const { service } = watched;
  const workers = await service.workers();
  const pins = await pinEach(await service.port(), workers);
  const asked = (await watched.metrics()).get(counted("/", "2xx")) ?? 0;
  for (const pin of pins.values()) {
    for (let n = 0; n < 5; n++) await pin.get("/");
    await pin.get("/nowhere");
    await pin.get("/shop");
    await pin.get("/fail");
  }
  const before = await watched.metrics();
  expect(before.get(counted("/", "2xx"))).toBe(asked + 10);
  expect(before.get(counted("/", "4xx"))).toBe(2);
  expect(before.get(counted("/", "5xx"))).toBe(2);
  expect(before.get(counted("/shop", "2xx"))).toBe(2);
  expect(before.get(`${duration}_bucket{le="+Inf",mount="/shop",class="2xx"}`)).toBe(2);
  expect(before.get('skitai_http_response_bytes_total{mount="/shop",class="2xx"}')).toBe(12);
  expect(before.get("skitai_errors_total")).toBe(2);
  expect(before.get("skitai_workers")).toBe(2);
  for (const name of ["0", "1"]) {
    expect(before.get(`skitai_memory_bytes{worker="${name}"}`)).toBeWithin(10e6, 1e9);
    expect(before.get(`skitai_event_loop_lag_seconds{worker="${name}"}`)).toBeWithin(0, 60);
  }
  for (const pin of pins.values()) pin[Symbol.dispose]();
  process.kill(workers[0]!, "SIGKILL");
  const killed = await eventually(async () => {
    const now = await watched.metrics();
    return now.get("skitai_worker_restarts_total") === 1 && now.get("skitai_workers") === 2 && now;
  });
  expect(killed.get(counted("/", "2xx"))).toBe(asked + 10);
  expect(killed.get(counted("/shop", "2xx"))).toBe(2);
  expect(killed.get("skitai_errors_total")).toBe(2);
  // What was counted behind the last look is said at a worker's orderly end.
  const old = await service.workers();
  for (let n = 0; n < 2; n++) expect(await watched.get("/shop")).toBe("a cart");
  service.signal("SIGHUP");
  await eventually(async () => (await service.workers()).every((pid) => !old.includes(pid)));
  const reloaded = await watched.metrics();
  expect(reloaded.get('skitai_reloads_total{outcome="ok"}')).toBe(1);
  expect(reloaded.get(counted("/shop", "2xx"))).toBe(4);
  expect(reloaded.get("skitai_worker_restarts_total")).toBe(1);
}, 30_000);

test("[U2] a worker that is too busy counts with what it said last", async () => {
  await using watched = await Watched.start(["--workers=1"]);
  await watched.get("/shop");
  expect((await watched.metrics()).get(counted("/shop", "2xx"))).toBe(1);
  const blocked = watched.get("/block");
  // Until it is in there.
  await eventually(async () => (await watched.overview()).workers[0]!.requests === undefined);
  const busy = await watched.metrics();
  expect(busy.get(counted("/shop", "2xx"))).toBe(1);
  expect(await blocked).toBe("blocked");
  const after = await watched.metrics();
  expect(after.get('skitai_event_loop_lag_seconds{worker="0"}')).toBeGreaterThan(0.3);
}, 20_000);

test("[U2] calls to backends and their members are counted by alias", async () => {
  await using server = Bun.serve({ port: 0, fetch: () => new Response("12.50") });
  await using watched = await Watched.start(["--workers=1"], { PRICES: `127.0.0.1:${server.port}` });
  expect(await watched.get("/price")).toBe("12.50");
  const member = `alias="@prices",member="127.0.0.1:${server.port}"`;
  const well = await watched.metrics();
  expect(well.get('skitai_corequest_duration_seconds_count{alias="@prices",outcome="ok"}')).toBe(1);
  expect(well.get(`skitai_upstream_member_up{${member}}`)).toBe(1);
  await server.stop(true);
  await watched.get("/price");
  const down = await watched.metrics();
  expect(down.get(`skitai_upstream_member_up{${member}}`)).toBe(0);
  const outcomes = [...down].filter(([name]) => name.startsWith("skitai_corequest_duration_seconds_count"));
  expect(outcomes.reduce((sum, [, count]) => sum + count, 0)).toBe(2);
}, 20_000);

test("[U2] the cache of a proxy counts what it answered", async () => {
  await using server = Bun.serve({
    port: 0,
    fetch: () => new Response("12.50", { headers: { "cache-control": "max-age=60" } }),
  });
  const env = { PRICES: `127.0.0.1:${server.port}`, CACHED: "1" };
  await using watched = await Watched.start(["--workers=1"], env);
  for (let n = 0; n < 4; n++) expect(await watched.get("/cached/price")).toBe("12.50");
  const metrics = await watched.metrics();
  expect(metrics.get('skitai_http_cache_total{outcome="hit"}')).toBe(3);
  expect(metrics.get('skitai_http_cache_total{outcome="miss"}')).toBe(1);
  expect(metrics.get("skitai_http_cache_entries")).toBe(1);
  const { caches } = await watched.overview();
  expect(caches).toContainEqual({
    name: "proxy",
    hits: 3,
    misses: 1,
    entries: 1,
    bytes: expect.any(Number),
  });
}, 20_000);

test("[U2] the admin port serves metrics and page, and takes no orders", async () => {
  const free = Bun.serve({ port: 0, fetch: () => new Response() });
  const { port } = free;
  await free.stop(true);
  await using watched = await Watched.start(["--workers=1", `--admin=127.0.0.1:${port}`]);
  const admin = `http://127.0.0.1:${port}`;
  const metrics = await fetch(`${admin}/metrics`);
  expect(metrics.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
  expect(await metrics.text()).toContain("# TYPE skitai_http_requests_in_flight gauge");
  const page = await fetch(admin, { headers: { accept: "text/html" } });
  expect(page.headers.get("content-type")).toBe("text/html; charset=utf-8");
  expect((await fetch(`${admin}/stop`, { method: "POST" })).status).toBe(404);
  expect((await fetch(`${admin}/metrics`, { method: "POST" })).status).toBe(404);
  expect(await watched.get("/shop")).toBe("a cart");
}, 20_000);
