import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type TestClient, testClient } from "../../src/testing/index.ts";
import { eventually } from "../support/log-lines.ts";
import { RawConnection } from "../support/raw-connection.ts";

interface Answer<Data> {
  worker: number;
  answer: Data;
}

let count = 0;
let late: { arrived: PromiseWithResolvers<void>; release: PromiseWithResolvers<void> };
let ended: PromiseWithResolvers<boolean>;
const fresh = (): void => {
  late = { arrived: Promise.withResolvers(), release: Promise.withResolvers() };
  ended = Promise.withResolvers();
};
fresh();

async function answer(request: Request): Promise<Response> {
  const { pathname, search } = new URL(request.url);
  if (pathname === "/ids") return Response.json(Object.fromEntries(request.headers));
  if (pathname === "/status") return new Response("secret inside", { status: Number(search.slice(1)) });
  if (pathname === "/count") return Response.json(request.method === "PUT" ? null : ++count);
  late.arrived.resolve();
  if (pathname === "/wait") {
    request.signal.addEventListener("abort", () => ended.resolve(false));
    await ended.promise;
  } else await late.release.promise;
  return Response.json(`${request.method} ended`);
}

let backend: ReturnType<typeof Bun.serve>;
let server: TestClient;
const start = (): Promise<TestClient> =>
  testClient(new URL("./fixtures/calls.ts", import.meta.url), undefined, {
    args: [`--backend=127.0.0.1:${backend.port}`],
  });
beforeAll(async () => {
  backend = Bun.serve({ port: 0, idleTimeout: 0, fetch: answer });
  server = await start();
});
afterAll(async () => {
  await server.stop();
  await backend.stop(true);
});

/** Answers of `path` until both workers gave one. */
async function ofBoth<Data>(path: string): Promise<Map<number, Data>> {
  const answers = new Map<number, Data>();
  for (let i = 0; answers.size < 2 && i < 500; i++) {
    const { data } = await server.get<Answer<Data>>(path, { headers: { connection: "close" } });
    answers.set(data.worker, data.answer);
  }
  return answers;
}

test("[L4] calls carry the ids of their request, each its own local one, and a traceparent", async () => {
  const headers = { "x-gtxn-id": "GTID-C7-R1", "x-ltxn-id": "1001" };
  const { data } = await server.get<Answer<Record<string, string>[]>>("/ids", { headers });
  expect(data.answer.map((sent) => sent["x-gtxn-id"])).toEqual(Array(3).fill("GTID-C7-R1"));
  expect(data.answer.map((sent) => sent["x-ltxn-id"])).toEqual(["2002", "2003", "2004"]);
  const parents = data.answer.map((sent) => sent["traceparent"]!.split("-"));
  expect(new Set(parents.map(([, trace]) => trace)).size).toBe(1);
  expect(new Set(parents.map(([, , span]) => span)).size).toBe(3);
});

test("[L4] a trace that came from outside goes on with its id", async () => {
  const trace = "4bf92f3577b34da6a3ce929d0e0e4736";
  const headers = { traceparent: `00-${trace}-00f067aa0ba902b7-01` };
  const { data } = await server.get<Answer<Record<string, string>[]>>("/ids", { headers });
  for (const sent of data.answer) expect(sent["traceparent"]).toStartWith(`00-${trace}-`);
});

describe("[Q3] an error of a call that nobody catches", () => {
  for (const [said, expected] of [
    [404, 404],
    [503, 503],
    [302, 502],
  ] as const)
    test(`${said} becomes ${expected}, and nothing of the inside is told`, async () => {
      const { status, text } = await server.get(`/status?${said}`);
      expect(status).toBe(expected);
      expect(text).not.toMatch(/secret|backend|127\.0\.0\.1/);
    });

  test("it is told in the log, with alias and member", async () => {
    await eventually(() => server.output.includes("@backend (127.0.0.1"), "an entry that names the alias");
  });
});

describe("[Q7] in the background", () => {
  test("the answer goes out, the call ends later", async () => {
    fresh();
    expect((await server.get("/late")).status).toBe(202);
    await late.arrived.promise;
    late.release.resolve();
  });

  test("what goes wrong is told in the log", async () => {
    expect((await server.get("/background-error")).status).toBe(202);
    await eventually(() => server.output.includes("http://127.0.0.1:1 (127.0.0.1:1): GET /"), "the error");
  });

  test("a stop waits for it", async () => {
    fresh();
    const other = await start();
    expect((await other.get("/late")).status).toBe(202);
    await late.arrived.promise;
    let stopped = false;
    const stop = other.stop().then(() => (stopped = true));
    await Bun.sleep(300);
    expect(stopped).toBe(false);
    late.release.resolve();
    await stop;
  });
});

describe("[Q9] a client that goes away", () => {
  test("ends the calls of its request", async () => {
    fresh();
    const connection = await RawConnection.open(server.port);
    connection.write("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
    await late.arrived.promise;
    connection[Symbol.dispose]();
    expect(await ended.promise).toBe(false);
  });

  test("but not those that then(callback) took over", async () => {
    fresh();
    const connection = await RawConnection.open(server.port);
    connection.write("GET /future HTTP/1.1\r\nHost: a\r\n\r\n");
    await late.arrived.promise;
    connection[Symbol.dispose]();
    const aborted = await Promise.race([ended.promise.then(() => true), Bun.sleep(600).then(() => false)]);
    expect(aborted).toBe(false);
    late.release.resolve();
  });
});

test("[Q6] a change on one worker ends what is kept on all", async () => {
  const before = await ofBoth<number>("/cached");
  expect(before.size).toBe(2);
  expect(await ofBoth<number>("/cached")).toEqual(before);
  await server.get("/change");
  const after = await ofBoth<number>("/cached");
  const oldest = Math.max(...before.values());
  for (const value of after.values()) expect(value).toBeGreaterThan(oldest);
});
