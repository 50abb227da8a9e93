import { expect, test } from "bun:test";
import { networkInterfaces } from "node:os";
import { eventually, parseLine } from "../support/log-lines.ts";
import { RawConnection } from "../support/raw-connection.ts";
import { freePort, run } from "../tls/support.ts";
import { local, Origin, Proxy, script } from "./forward-support.ts";

const curl = async (...words: string[]): Promise<string> => {
  const { stdout, stderr } = await run(["curl", "-sS", "--max-time", "8", "--noproxy", "", ...words]);
  return stdout + stderr;
};
const status = ["-o", "/dev/null", "-w", "%{http_code} %{http_connect}"];
const basic = (text: string): string => `Proxy-Authorization: Basic ${Buffer.from(text).toString("base64")}`;

test("[P3] users and passwords, for requests and for tunnels; the log shows the user alone", async () => {
  using origin = await Origin.start();
  await using proxy = await Proxy.start({ ...local, realm: "robots", auth: { robot: "s3cret:\u00e9" } });
  expect(await curl(...status, "-x", proxy.url, origin.url())).toBe("407 000");
  expect(await curl("-x", proxy.url, "--proxy-user", "robot:s3cret:\u00e9", origin.url("/yes"))).toBe(
    "GET /yes ",
  );
  const tunnel = ["-x", proxy.url, "--proxytunnel"];
  expect(await curl(...tunnel, "--proxy-user", "robot:s3cret:\u00e9", origin.url("/t"))).toBe("GET /t ");
  expect(await curl(...status, ...tunnel, "--proxy-user", "robot:wrong", origin.url())).toMatch(/^000 407/);
  for (const wrong of [
    "robot:",
    "robot:s3cret",
    "Robot:s3cret:\u00e9",
    "other:s3cret:\u00e9",
    "robot",
    ":x",
    "",
  ]) {
    const answer = await proxy.get(origin.url("/no"), basic(wrong));
    expect([wrong, answer.status, answer.headers.get("proxy-authenticate")]).toEqual([
      wrong,
      407,
      'Basic realm="robots", charset="UTF-8"',
    ]);
  }
  expect((await proxy.get(origin.url("/no"), "Proxy-Authorization: Bearer x")).status).toBe(407);
  // Nothing is said of a destination to somebody unknown.
  expect((await proxy.get("http://127.0.0.1:1/")).status).toBe(407);
  expect(origin.requests.map(({ url }) => url)).toEqual(["/yes", "/t"]);
  expect(origin.requests[0]!.headers).not.toContainKey("proxy-authorization");
  const logged = await eventually(
    () => proxy.cli.output.split("\n").find((line) => line.includes("/yes ")),
    "the line",
  );
  expect(parseLine(logged)).toMatchObject({ user: '"robot"', token: "-", status: "200" });
  expect(proxy.cli.output).not.toMatch(/s3cret|czNjcmV0/);
}, 15_000);

test("[P3] a function decides; when it fails nobody gets through, and the log says why", async () => {
  using origin = await Origin.start();
  await using proxy = await Proxy.start({ ...local, checks: true });
  const ask = async (who: string): Promise<number> => (await proxy.get(origin.url(), basic(who))).status;
  expect(await ask("anna:anna's")).toBe(200);
  expect(await ask("anna:otto's")).toBe(407);
  expect(await ask("broken:broken's")).toBe(503);
  expect((await proxy.get(origin.url())).status).toBe(407);
  await eventually(() => proxy.cli.output.includes("the database is away"), "the traceback");
  expect(proxy.cli.output).not.toContain("broken's");
  expect(origin.requests).toHaveLength(1);
});

const outer = Object.values(networkInterfaces())
  .flat()
  .find((each) => each?.family === "IPv4" && !each.internal)?.address;

test.skipIf(outer === undefined)(
  "[P3] only this machine may use it, unless others are named (needs an address besides loopback)",
  async () => {
    using origin = await Origin.start();
    const through = (port: number): Promise<string> =>
      curl(...status, "-x", `http://${outer}:${port}`, "--interface", outer!, origin.url());
    const args = ["--address=0.0.0.0"];
    await using closed = await Proxy.start(local, { args });
    expect(await through(closed.port)).toBe("403 000");
    expect((await closed.get(origin.url())).status).toBe(200);
    await using open = await Proxy.start({ ...local, source: [`${outer}/32`] }, { args });
    expect(await through(open.port)).toBe("200 000");
    expect((await open.get(origin.url())).status).toBe(403);
  },
  15_000,
);

test("[P3] nothing leads inside: literals in odd forms, names, a name that is rebound", async () => {
  using origin = await Origin.start();
  const inside = ["127.0.0.1"];
  const lookup = {
    "inside.test": inside,
    "mixed.test": ["93.184.216.34", "127.0.0.1"],
    "mapped.test": ["::ffff:127.0.0.1"],
    // Public when it is checked, inside when it was asked again.
    "rebound.test": ["93.184.216.34", "127.0.0.1"],
    "rebound.test*": [],
    "never.test": "never",
  } as const;
  const ports = { connectPorts: ["1-65535"], httpPorts: ["1-65535"] };
  await using proxy = await Proxy.start({ ...ports, lookup, connectTimeout: 1, deny: ["*.denied.test"] });
  const literals = [
    "127.0.0.1",
    "0x7f.1",
    "2130706433",
    "0177.0.0.1",
    "127.1",
    "0",
    "[::1]",
    "[::ffff:127.0.0.1]",
  ];
  const more = [
    "[::ffff:7f00:1]",
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]",
    "[::]",
    "[fe80::1]",
    "169.254.169.254",
  ];
  const names = ["inside.test", "inside.test.", "INSIDE.test", "mixed.test", "mapped.test", "a.denied.test"];
  for (const host of [...literals, ...more, ...names]) {
    const place = `${host}:${origin.port}`;
    const connect = await proxy.raw(`CONNECT ${place} HTTP/1.1\r\nHost: ${place}\r\n\r\n`);
    expect([host, connect.status]).toEqual([host, 403]);
    expect([host, (await proxy.get(`http://${place}/`)).status]).toEqual([host, 403]);
  }
  // What was checked is what is connected to: the second answer of the resolver is never asked for.
  const rebound = await proxy.get(`http://rebound.test:${origin.port}/`);
  expect([502, 504]).toContain(rebound.status);
  expect((await proxy.get(`http://rebound.test:${origin.port}/`)).status).toBe(403);
  expect((await proxy.get(`http://never.test:${origin.port}/`)).status).toBe(504);
  expect((await proxy.get(`http://unknown.test:${origin.port}/`)).status).toBe(502);
  expect(origin.connections).toBe(0);
}, 15_000);

test("[P3] tunnels go to port 443 only, requests not below 1024 but to 80", async () => {
  await using proxy = await Proxy.start({ allowPrivate: true });
  const connect = async (port: number): Promise<number> =>
    (await proxy.raw(`CONNECT 127.0.0.1:${port} HTTP/1.1\r\nHost: a\r\n\r\n`)).status;
  expect([await connect(25), await connect(80), await connect(8443)]).toEqual([403, 403, 403]);
  expect([403, await connect(443)]).not.toEqual([403, 403]);
  expect((await proxy.get("http://127.0.0.1:25/")).status).toBe(403);
  using origin = await Origin.start();
  expect((await proxy.get(origin.url())).status).toBe(200);
});

test("[P3] off by default; a port that is taken, or another listener's, is said before anything starts", async () => {
  const start = async (
    env: Record<string, string>,
    ...words: string[]
  ): Promise<{ code: number; stderr: string }> =>
    await run([
      "env",
      ...Object.entries(env).map((pair) => pair.join("=")),
      process.execPath,
      script,
      ...words,
    ]);
  const port = freePort();
  using taken = Bun.listen({ hostname: "127.0.0.1", port, socket: { data() {} } });
  const busy = await start({ PROXY: JSON.stringify({ port }) }, "--port=0");
  expect([busy.code, busy.stderr]).toEqual([
    1,
    expect.stringContaining(`port ${port} of 0.0.0.0: is in use, choose another in enableProxy`),
  ]);
  taken.stop(true);
  const same = await start({ PROXY: JSON.stringify({ port }) }, `--port=${port}`);
  expect([same.code, same.stderr]).toEqual([1, expect.stringContaining("enableProxy port: ")]);
  const none = await start({ PROXY: "{}" }, "--port=0");
  expect([none.code, none.stderr]).toEqual([
    1,
    expect.stringContaining("enableProxy port: a port of its own"),
  ]);
  // The main port never was one.
  await using proxy = await Proxy.start(local);
  using connection = await RawConnection.open(proxy.cli.port);
  connection.write("CONNECT 127.0.0.1:443 HTTP/1.1\r\nHost: 127.0.0.1:443\r\n\r\n");
  expect((await connection.answer()).status).not.toBe(200);
}, 20_000);
