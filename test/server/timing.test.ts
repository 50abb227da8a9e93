import { afterAll, beforeAll, expect, test } from "bun:test";
import { type TestClient, testClient } from "../../src/testing/index.ts";
import { eventually } from "../support/log-lines.ts";
import { RawConnection } from "../support/raw-connection.ts";

// The fixture: keepAlive 1 s (Bun closes 4 to 8 s after, see `idleLimit`), requestTimeout 1 s.
let server: TestClient;
beforeAll(async () => {
  server = await testClient(new URL("./fixtures/timing.ts", import.meta.url));
});
afterAll(() => server.stop());

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;

interface State {
  readonly sent: number;
  readonly cancelled: number;
  readonly rss: number;
}

const requestLine = (path: string): Promise<string> =>
  eventually(
    () => server.output.split("\n").find((line) => line.includes(` ${path} `)),
    `the request line of ${path}`,
    12,
  );

/** Milliseconds from now until the server closes; asserts that it sends nothing more. */
async function idleTime(connection: RawConnection): Promise<number> {
  const started = Date.now();
  expect(await connection.close(12)).toBe("");
  return Date.now() - started;
}

test.concurrent(
  "[E12] an idle connection is kept for keepAlive, and closed at most 8 s later",
  async () => {
    // Bun looks every 4 s: whenever it is asked, the limit is kept.
    const idle = async (delay: number): Promise<number> => {
      await Bun.sleep(delay);
      using connection = await RawConnection.open(server.port);
      await connection.write(get("/")).answer();
      return await idleTime(connection);
    };
    for (const time of await Promise.all([0, 900, 1800, 2700, 3600].map(idle)))
      expect(time).toBeWithin(1000, 9000);
  },
  15_000,
);

test.concurrent(
  "[E12] a connection that sends nothing is closed too",
  async () => {
    using connection = await RawConnection.open(server.port);
    expect(await idleTime(connection)).toBeWithin(0, 14_000);
  },
  15_000,
);

test.concurrent(
  "[E12] the idle limit is back after a slow handler",
  async () => {
    using connection = await RawConnection.open(server.port);
    expect((await connection.write(get("/wait?wait=600")).answer()).body).toBe("waited");
    expect(await idleTime(connection)).toBeWithin(1000, 9000);
  },
  15_000,
);

test.concurrent(
  "[E12] the idle limit is back after a stream",
  async () => {
    using connection = await RawConnection.open(server.port);
    const { body } = await connection.write(get("/events?wait=600")).answer();
    expect(body).toBe("data: first\n\ndata: second\n\n");
    expect(await idleTime(connection)).toBeWithin(1000, 9000);
  },
  15_000,
);

test.concurrent(
  "[E12] the idle limit is back after a handler that never answers",
  async () => {
    using connection = await RawConnection.open(server.port);
    expect((await connection.write(get("/wait?wait=2500")).answer()).status).toBe(503);
    expect(await idleTime(connection)).toBeWithin(1000, 9000);
  },
  15_000,
);

test.concurrent(
  "[E12] a stream that is quiet for longer than all limits is not cut",
  async () => {
    using connection = await RawConnection.open(server.port);
    const started = Date.now();
    const { body } = await connection.write(get("/events?wait=9500")).answer({ seconds: 13 });
    expect(body).toBe("data: first\n\ndata: second\n\n");
    expect(Date.now() - started).toBeGreaterThan(9400);
    // The connection is as good as before.
    expect((await connection.write(get("/")).answer()).body).toBe("at once");
  },
  15_000,
);

test.concurrent(
  "[E12] a client that stops reading a stream is cut after requestTimeout, with little sent",
  async () => {
    using connection = await RawConnection.open(server.port);
    const before = (await server.get<State>("/state")).data;
    const started = Date.now();
    connection.write(get("/flood"));
    await connection.until(/AAAA/);
    connection.pause();
    const line = await requestLine("/flood");
    expect(Date.now() - started).toBeWithin(1000, 4000);
    const after = (await server.get<State>("/state")).data;
    expect(after.cancelled).toBe(before.cancelled + 1);
    // What the sockets' buffers of both ends take, and no more, although the source is endless.
    expect(after.sent).toBeLessThan(32 * 1024 * 1024);
    expect(after.rss - before.rss).toBeLessThan(96 * 1024 * 1024);
    expect(Number(line.split(" ")[9])).toBeLessThanOrEqual(after.sent);
    const trace = server.output
      .split("\n")
      .find((each) => each.endsWith("] Error: the client stopped reading"));
    expect(trace).toContain(`[expt:${line.split(" ")[10]}/`);
    // What was sent before is all the client gets.
    connection.resume();
    await connection.close();
    expect(connection.received.length).toBeLessThan(32 * 1024 * 1024);
    expect(connection.received).not.toEndWith("\r\n0\r\n\r\n");
  },
  15_000,
);

test.concurrent(
  "[E12] a client that stops reading a large body is cut by the idle limit",
  async () => {
    using connection = await RawConnection.open(server.port);
    connection.write(get("/large"));
    await connection.until(/AAAA/);
    connection.pause();
    await Bun.sleep(9000);
    connection.resume();
    await connection.close();
    expect(connection.received.length).toBeLessThan(32 * 1024 * 1024);
  },
  15_000,
);

test.concurrent("[E12] a client that leaves aborts context.signal", async () => {
  const connection = await RawConnection.open(server.port);
  connection.write(get("/watch?name=left&wait=900"));
  await Bun.sleep(100);
  connection[Symbol.dispose]();
  while (!(await server.get<string[]>("/aborted")).data.includes("left")) await Bun.sleep(10);
});

test.concurrent("[E12] a client that leaves cancels its stream, which is no error", async () => {
  const connection = await RawConnection.open(server.port);
  await connection.write(get("/drip?name=dripped")).until(/drop/);
  connection[Symbol.dispose]();
  while (!(await server.get<string[]>("/aborted")).data.includes("dripped")) await Bun.sleep(10);
  const line = await requestLine("/drip?name=dripped");
  expect(line.split(" ").slice(8, 10)).toEqual(["200", "4"]);
  expect(server.output).not.toContain(`[expt:${line.split(" ")[10]}/`);
});

test.concurrent("[E12] a client that stays aborts nothing", async () => {
  expect((await server.get("/watch?name=stayed&wait=100")).text).toBe("unwatched");
  expect((await server.get<string[]>("/aborted")).data).not.toContain("stayed");
});
