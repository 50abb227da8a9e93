import { expect, test } from "bun:test";
import { openCache } from "../../src/cache/open.ts";
import { defaultProxyIdle } from "../../src/config/proxy-options.ts";
import { ApplicationLog } from "../../src/log/application.ts";
import { Sink } from "../../src/log/sink.ts";
import { ForwardProxy } from "../../src/proxy/forward/server.ts";
import { exchange, RawConnection } from "../support/raw-connection.ts";
import { freePort } from "../tls/support.ts";
import { local, Origin } from "./forward-support.ts";

const settings = { memMax: 1 << 20, diskMax: 0, path: undefined, maxEntry: 1 << 18, patience: 5 };

/** A proxy in this process, with a cache. */
async function open(options: object = {}): Promise<ForwardProxy> {
  let number = 0;
  const proxy = new ForwardProxy({
    address: "127.0.0.1",
    options: { ...local, ...options, port: freePort() },
    idle: defaultProxyIdle,
    trusted: () => false,
    idPrefix: "GTID-C1-R",
    next: () => ++number,
    log: new ApplicationLog(new Sink({ fd: 2 })),
    access: undefined,
    unlogged: undefined,
    served: () => {},
    cache: openCache(settings),
  });
  await proxy.listen();
  return proxy;
}

const get = (port: number, url: string, lines = "") =>
  exchange(port, `GET ${url} HTTP/1.1\r\nHost: a\r\n${lines}Connection: close\r\n\r\n`);

test("[P3] [C1] answers that may be kept come from the cache, and a name is judged before it", async () => {
  using origin = await Origin.start((request, response) => {
    if (request.method === "GET") response.setHeader("Cache-Control", "max-age=60");
    request.resume().on("end", () => response.end(`${request.method} ${request.url}`));
  });
  let inside = false;
  const lookup = (): string[] => [inside ? "127.0.0.2" : "127.0.0.1"];
  const proxy = await open({ lookup });
  const url = `http://site.test:${origin.port}/kept?a=1`;
  const answers = [await get(proxy.port, url), await get(proxy.port, url)];
  expect(answers.map(({ status, body }) => [status, body])).toEqual([
    [200, "GET /kept?a=1"],
    [200, "GET /kept?a=1"],
  ]);
  expect(answers[1]!.headers.get("age")).toMatch(/^\d+$/);
  expect(answers[1]!.headers.get("content-length")).toBe("13");
  expect(origin.requests).toHaveLength(1);
  const head = await exchange(proxy.port, `HEAD ${url} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`, {
    bodyless: true,
  });
  expect([head.status, origin.requests.length]).toEqual([200, 1]);
  // What changes it takes it away.
  const post = `POST ${url} HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx`;
  expect((await exchange(proxy.port, post)).body).toBe("POST /kept?a=1");
  await get(proxy.port, url);
  expect(origin.requests.map(({ method }) => method)).toEqual(["GET", "POST", "GET"]);
  inside = true;
  expect((await get(proxy.port, url)).status).toBe(403);
  await proxy.drain(1, 0);
});

test("[P3] [C1] a client that goes away does not take the answer of others with it", async () => {
  const step = Promise.withResolvers<void>();
  using origin = await Origin.start(async (_request, response) => {
    response.setHeader("Cache-Control", "max-age=60");
    await step.promise;
    response.end("shared");
  });
  const proxy = await open();
  const first = await RawConnection.open(proxy.port);
  first.write(`GET ${origin.url()} HTTP/1.1\r\nHost: a\r\n\r\n`);
  const second = get(proxy.port, origin.url());
  while (origin.requests.length === 0) await Bun.sleep(5);
  first[Symbol.dispose]();
  await Bun.sleep(20);
  step.resolve();
  expect((await second).body).toBe("shared");
  await proxy.drain(1, 0);
});
