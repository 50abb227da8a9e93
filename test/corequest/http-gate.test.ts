import { afterAll, expect, test } from "bun:test";
import { aliasDeclaration, type AliasOptions } from "../../src/config/alias-options.ts";
import { type Ask, method } from "../../src/corequest/http-calls.ts";
import { installAlias } from "../../src/upstream/clusters.ts";

const get = method<Ask>("GET");
let now = 0;
let most = 0;
const server = Bun.serve({
  port: 0,
  async fetch({ url }) {
    most = Math.max(most, ++now);
    await Bun.sleep(url.endsWith("/long") ? 1000 : 20);
    now--;
    return Response.json(1);
  },
});
afterAll(() => server.stop(true));

let made = 0;
function alias(options: AliasOptions): string {
  const name = `@gate${++made}`;
  installAlias(aliasDeclaration(name, "http", `127.0.0.1:${server.port}`, options));
  most = 0;
  return name;
}

const codes = async (name: string, calls: number): Promise<number[]> => {
  const tasks = Array.from({ length: calls }, () => get(`${name}/`));
  return (await Promise.all(tasks.map((task) => task.dispatch()))).map(({ statusCode }) => statusCode);
};

test("[Q5] connections, else pool, are the calls that go to a member at once; others wait", async () => {
  for (const options of [{ connections: 3, pool: 9 }, { pool: 3 }]) {
    expect(await codes(alias(options), 12)).toEqual(Array.from({ length: 12 }, () => 200));
    expect(most).toBe(3);
  }
});

test("[Q5] more than may wait have failed unsent; places come back", async () => {
  const name = alias({ connections: 2, queue: 3 });
  expect((await codes(name, 7)).toSorted()).toEqual([200, 200, 200, 200, 200, 714, 714]);
  expect(most).toBe(2);
  expect(await codes(name, 5)).toEqual([200, 200, 200, 200, 200]);
  const [more, ...others] = Array.from({ length: 6 }, () => get(`${name}/`)).toReversed();
  expect((await more!.dispatch()).reason).toContain("connections and queue");
  await Promise.all(others.map((task) => task.dispatch()));
});

test("[Q5] waiting counts, and who gives up leaves the queue", async () => {
  const name = alias({ connections: 1, queue: 1, timeout: 5 });
  const long = get(`${name}/long`);
  const late = get(`${name}/`, undefined, { timeout: 0.05 });
  expect((await late.dispatch()).statusCode).toBe(702);
  const next = get(`${name}/`);
  expect([(await long.dispatch()).statusCode, (await next.dispatch()).statusCode]).toEqual([200, 200]);
  expect(most).toBe(1);
});
