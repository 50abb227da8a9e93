import { expect, test } from "bun:test";
import type { Context } from "../../src/context.ts";
import { gatewayDeclaration } from "../../src/config/gateway-options.ts";
import type { GatewayError } from "../../src/gateway/error.ts";
import { Gateway } from "../../src/gateway/gateway.ts";
import { networkOf } from "../../src/gateway/rate-limits.ts";
import type { RateLimiter } from "../../src/state/limiter.ts";
import { type TestClient, testClient } from "../../src/testing/index.ts";
import { findUser } from "../../src/system/user.ts";
import { eventually } from "../process/support.ts";
import { type Shown, signed } from "./support.ts";

const secret = "8fa06210-e109-11e6-934f-001b216d6e71";
const script = new URL("./fixtures/guarded.ts", import.meta.url);
const start = (
  rateLimit: object,
  workers: number,
  more: object = {},
  args: readonly string[] = [],
): Promise<TestClient> =>
  testClient(script, undefined, {
    workers,
    args,
    env: { GATEWAY: JSON.stringify({ secret, rateLimit, ...more }) },
  });
const token = (user: string, roles = ["user"]): string => signed(secret, { alg: "HS256" }, { user, roles });
const ask = (client: TestClient, user: string) =>
  client.get<Shown>("/any/", { headers: { authorization: `Bearer ${token(user)}`, connection: "close" } });

test("[G3] four workers count together: of many at once exactly the limit passes, for each user", async () => {
  await using server = await start({ limit: 60, period: "1d" }, 4);
  const users = ["hans", "eva"];
  const all = await Promise.all(
    Array.from({ length: 200 }, async (_, at) => {
      const user = users[at % 2]!;
      const { status, data } = await ask(server, user);
      return { user, status, pid: data.pid };
    }),
  );
  for (const user of users) {
    const statuses = all.filter((each) => each.user === user).map(({ status }) => status);
    expect(statuses.filter((status) => status === 200).length).toBe(60);
    expect(statuses.filter((status) => status === 429).length).toBe(40);
  }
  expect(new Set(all.flatMap(({ pid }) => pid ?? [])).size).toBeGreaterThan(1);
});

test("[G3] a worker that is killed and replaced does not give anything back; a new service begins anew", async () => {
  const options = { limit: 3, period: "1d" };
  const server = await start(options, 1);
  try {
    const first = (await ask(server, "hans")).data.pid;
    for (const expected of [200, 200, 429]) expect((await ask(server, "hans")).status).toBe(expected);
    process.kill(first, "SIGKILL");
    const next = await eventually(async () => {
      const { status, data } = await ask(server, "eva").catch(() => ({ status: 0, data: { pid: 0 } }));
      return status === 200 && data.pid !== first && data.pid;
    });
    expect(next).not.toBe(first);
    expect((await ask(server, "hans")).status).toBe(429);
  } finally {
    await server.stop();
  }
  await using again = await start(options, 1);
  expect((await ask(again, "hans")).status).toBe(200);
});

test.skipIf(process.getuid?.() !== 0 || findUser("nobody") === undefined)(
  "[G3] [W7] workers that gave up root count together",
  async () => {
    await using server = await start({ limit: 5, period: "1d" }, 2, {}, ["--user=nobody"]);
    const all = await Promise.all(Array.from({ length: 30 }, () => ask(server, "hans")));
    expect(all.filter(({ status }) => status === 200).length).toBe(5);
  },
);

test("[G3] 429 says when to come again", async () => {
  await using server = await start({ limit: 2, period: 40 }, 1);
  const first = await ask(server, "hans");
  expect([first.status, first.headers.get("ratelimit"), first.headers.get("retry-after")]).toEqual([
    200,
    null,
    null,
  ]);
  await ask(server, "hans");
  const { status, headers, data } = await ask(server, "hans");
  expect(status).toBe(429);
  expect(Number(headers.get("retry-after"))).toBeWithin(15, 21);
  expect(headers.get("ratelimit-policy")).toBe('"default";q=2;w=40');
  expect(headers.get("ratelimit")).toBe(`"default";r=0;t=${headers.get("retry-after")}`);
  expect(headers.get("content-type")).toBe("application/problem+json");
  expect(data).toMatchObject({
    status: 429,
    title: "Too Many Requests",
    detail: expect.stringContaining("again in"),
  });
});

test("[G3] by option every answer tells of the limit; a key of one's own", async () => {
  await using server = await start({ limit: 2, period: "1d", headers: true }, 1, { keyed: true });
  const keyed = (key: string | undefined) =>
    server.get("/any/", {
      headers: { authorization: `Bearer ${token("hans")}`, ...(key === undefined ? {} : { "x-key": key }) },
    });
  const { headers } = await keyed("a");
  expect(headers.get("ratelimit-policy")).toBe('"default";q=2;w=86400');
  expect(headers.get("ratelimit")).toMatch(/^"default";r=1;t=4\d{4}$/);
  expect([(await keyed("a")).status, (await keyed("a")).status, (await keyed("b")).status]).toEqual([
    200, 429, 200,
  ]);
  for (let round = 0; round < 5; round++) {
    const uncounted = await keyed(undefined);
    expect([uncounted.status, uncounted.headers.get("ratelimit")]).toEqual([200, null]);
  }
});

test("[G3] who guesses tokens is counted by address, and does not use up what users have", async () => {
  await using server = await start({ limit: 3, period: "1d" }, 1);
  const guess = (text: string) => server.get("/any/", { headers: { authorization: `Bearer ${text}` } });
  const statuses: number[] = [];
  for (const text of ["a", "b", "c", "d"]) statuses.push((await guess(text)).status);
  expect(statuses).toEqual([401, 401, 401, 429]);
  expect((await ask(server, "hans")).status).toBe(200);
});

test("[G3] of IPv6 the network is counted", () => {
  const cases: [string, string][] = [
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2"],
    ["2001:0db8:0001:0002::1", "2001:db8:1:2"],
    ["2001:db8::1", "2001:db8:0:0"],
    ["::1", "0:0:0:0"],
    ["fe80::1%eth0", "fe80:0:0:0"],
    ["64:ff9b::192.0.2.1", "64:ff9b:0:0"],
    ["1:2:3:4:5:6:192.0.2.1", "1:2:3:4"],
  ];
  for (const [address, network] of cases) expect([address, networkOf(address)]).toEqual([address, network]);
});

test("[G3] a limiter that answers later, as Redis would, and one that fails", async () => {
  const admit = async (limiter: RateLimiter, roles: string[]): Promise<number | string> => {
    const declaration = gatewayDeclaration({ secret, rateLimit: { limit: 1, headers: true } });
    const guard = new Gateway(declaration, { limiter, warn: () => {} }).guardOf({ name: "@a", options: {} });
    const headers = { authorization: `Bearer ${token("hans", roles)}` };
    return await Promise.resolve()
      .then(() => guard(new Request("http://a/", { headers }), { ip: "::1" } as Context))
      .then(
        ({ answerFields }) => answerFields.length,
        ({ status, message }: GatewayError) => status ?? message,
      );
  };
  const take = { remaining: 0, wait: 5, reset: 5 };
  expect(await admit({ take: async () => ({ ...take, allowed: true }) }, ["user"])).toBe(2);
  expect(await admit({ take: async () => ({ ...take, allowed: false }) }, ["user"])).toBe(429);
  expect(await admit({ take: async () => ({ ...take, allowed: true }) }, [])).toBe(401);
  const down = async (): Promise<never> => {
    throw new Error("no connection");
  };
  expect(await admit({ take: down }, ["user"])).toBe(503);
});
