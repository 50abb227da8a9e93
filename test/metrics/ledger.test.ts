import { expect, test } from "bun:test";
import { exposition } from "../../src/metrics/exposition.ts";
import { History } from "../../src/metrics/history.ts";
import { Ledger } from "../../src/metrics/ledger.ts";
import { RequestCounts } from "../../src/metrics/requests.ts";
import { added, type Snapshot } from "../../src/metrics/snapshot.ts";
import { bounds } from "../../src/metrics/table.ts";

const snapshot = (requests: number, open: number): Snapshot => ({
  skitai_requests_total: [[[], [requests]]],
  skitai_websockets: [[[], [open]]],
});
const totals = (ledger: Ledger<object>): (readonly number[] | undefined)[] => {
  const sum = added(ledger.all);
  return [sum.skitai_requests_total?.[0]?.[1], sum.skitai_websockets?.[0]?.[1]];
};

test("[U2] what the dead have counted stays, their gauges go, late words count, and memory does not grow", () => {
  let now = 0;
  const ledger = new Ledger<object>(() => now);
  const [one, other] = [{}, {}];
  ledger.opened(one);
  ledger.opened(other);
  ledger.report(one, snapshot(5, 2));
  ledger.report(other, snapshot(7, 1));
  expect(totals(ledger)).toEqual([[12], [3]]);
  ledger.closed(one);
  expect(totals(ledger)).toEqual([[12], [1]]);
  // Its last words are heard behind its end.
  ledger.report(one, snapshot(9, 2));
  expect(totals(ledger)).toEqual([[16], [1]]);
  now = 10_000;
  expect(totals(ledger)).toEqual([[16], [1]]);
  ledger.report(one, snapshot(100, 2));
  expect(totals(ledger)).toEqual([[16], [1]]);
  for (let n = 0; n < 1000; n++) {
    const worker = {};
    ledger.opened(worker);
    ledger.report(worker, snapshot(1, 1));
    ledger.closed(worker);
    now += 10_000;
  }
  expect(totals(ledger)).toEqual([[1016], [1]]);
  expect(ledger.all.length).toBe(2);
});

test("[U2] prom-client merges: sums, shares and the highest, and histograms as Prometheus wants them", async () => {
  const counts = new RequestCounts();
  counts.count("/a", 200, 3, 0);
  counts.count("/a", 200, 60_000, 0);
  const worker = (index: string, up: number, lag: number): Snapshot => ({
    skitai_http_request_duration_seconds: counts.durations,
    skitai_upstream_member_up: [[["@b", '10.0.0.1:80 "x"\\'], [up]]],
    skitai_event_loop_lag_seconds: [[[index], [lag]]],
    skitai_requests_total: [[[], [2]]],
  });
  const text = await exposition([worker("0", 1, 0.5), worker("1", 0, 0.25), worker("0", 0, 0.75)]);
  const name = "skitai_http_request_duration_seconds";
  const lines = text.split("\n");
  expect(lines).toContain(`# TYPE ${name} histogram`);
  expect(lines).toContain(`${name}_bucket{le="0.002",mount="/a",class="2xx"} 0`);
  expect(lines).toContain(`${name}_bucket{le="0.005",mount="/a",class="2xx"} 3`);
  expect(lines).toContain(`${name}_bucket{le="30",mount="/a",class="2xx"} 3`);
  expect(lines).toContain(`${name}_bucket{le="+Inf",mount="/a",class="2xx"} 6`);
  expect(lines).toContain(`${name}_count{mount="/a",class="2xx"} 6`);
  expect(lines).toContain(`${name}_sum{mount="/a",class="2xx"} 180.00900000000001`);
  expect(lines.filter((line) => line.startsWith(`${name}_bucket`)).length).toBe(bounds.length + 1);
  expect(text).toContain('skitai_event_loop_lag_seconds{worker="0"} 0.75');
  expect(text).toContain('skitai_event_loop_lag_seconds{worker="1"} 0.25');
  expect(text).toMatch(/skitai_upstream_member_up\{alias="@b",member="10\.0\.0\.1:80 \\"x\\"\\\\"\} 0\.333/);
  expect(lines).toContain("skitai_requests_total 6");
});

test("[U1] the history tells rates of its own time, ten minutes of them", () => {
  const history = new History();
  const counts = new RequestCounts();
  const look = (time: number): void =>
    history.look({ skitai_http_request_duration_seconds: counts.durations }, time);
  for (let n = 0; n < 100; n++) counts.count("", 200, 1, 0);
  look(0);
  expect(history.moments).toEqual([]);
  for (let n = 0; n < 50; n++) counts.count("", n < 10 ? 500 : 200, 20, 0);
  look(5000);
  expect(history.moments).toEqual([
    { rate: 10, failures: 2, p50: expect.any(Number), p95: expect.any(Number), p99: expect.any(Number) },
  ]);
  // What was before this moment is not in it.
  expect(history.moments[0]!.p50).toBeWithin(10, 25);
  look(10_000);
  expect(history.moments[1]).toEqual({
    rate: 0,
    failures: 0,
    p50: undefined,
    p95: undefined,
    p99: undefined,
  });
  for (let n = 0; n < 500; n++) look(10_000 + n * 5000 + 1);
  expect(history.moments.length).toBe(120);
});
