import { afterAll, beforeAll, expect, test } from "bun:test";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Declaration } from "../../src/config/declaration.ts";
import { eventually } from "../process/support.ts";
import { ask, client, QuicLoad, quicWorker, refusedQuic, script, startQuic } from "./quic-support.ts";
import { Authority, freePort, run, secure } from "./support.ts";

const cliMain = Bun.fileURLToPath(new URL("../../cli/main.ts", import.meta.url));
const made = new Authority();
beforeAll(() => made.make("one", { names: ["localhost", "127.0.0.1"] }));
afterAll(() => made[Symbol.dispose]());

/** Twenty of them: RELOADS=20 bun test test/tls/quic.test.ts */
const reloads = Number(process.env["RELOADS"] ?? 3);

const headerOf = async (url: string, ...words: string[]): Promise<string | undefined> => {
  const { stdout } = await run(["curl", "-skI", ...words, url]);
  return /^alt-svc: (.+?)\r?$/im.exec(stdout)?.[1];
};

test("[T4] GET, HEAD, POST, a large body both ways, a stream and a 404 by HTTP/3, logged as such", async () => {
  await using service = await startQuic(made, { args: ["--quic", "--workers=2"] });
  const port = await service.port();
  expect(await (await ask(port)).text()).toBe("v0");
  const head = await ask(port, "/", { method: "HEAD" });
  expect([head.status, head.headers.get("content-length"), await head.text()]).toEqual([200, "2", ""]);
  const upload = await ask(port, "/upload", { method: "POST", body: Buffer.alloc(5_000_000, "u") });
  expect(await upload.text()).toBe("5000000");
  const echo = await ask(port, "/echo", { method: "POST", body: "said" });
  expect(await echo.text()).toBe("said");
  expect((await (await ask(port, "/large")).text()).length).toBe(5_000_000);
  const events = await (await ask(port, "/events")).text();
  expect(events.endsWith("data: 19\n\n")).toBe(true);
  const none = await ask(port, "/none");
  expect([none.status, await none.text()]).toEqual([404, "nothing here"]);
  const line = /GET \/none 3 0 404 12 .* WQ /;
  await eventually(() => line.test(service.stdout.text));
});

test("[T4] Alt-Svc is said by HTTP/1.1 and HTTP/2 over TLS with the UDP port, or the public one", async () => {
  await using same = await startQuic(made);
  const port = await same.port();
  const url = await same.url();
  expect(same.stdout.text).toContain(`from 1 worker and by HTTP/3 on UDP port ${port}\n`);
  expect(await headerOf(url, "--http1.1")).toBe(`h3=":${port}"; ma=86400`);
  expect(await headerOf(url, "--http2")).toBe(`h3=":${port}"; ma=86400`);
  const udp = freePort();
  await using other = await startQuic(made, { args: [`--quic=${udp}`] });
  expect(await headerOf(await other.url())).toBe(`h3=":${udp}"; ma=86400`);
  expect(await (await ask(udp)).text()).toBe("v0");
  await using mapped = await startQuic(made, { args: ["--quic", "--quic-public-port=443"] });
  expect(await headerOf(await mapped.url())).toBe('h3=":443"; ma=86400');
  await using without = await startQuic(made, { args: [] });
  expect(await headerOf(await without.url())).toBeUndefined();
});

test("[T4] status has the process of HTTP/3 behind the others, and a stop ends it as gently", async () => {
  const place = ["--name=h3-status", `--run-directory=${made.path("run")}`, `--port=${freePort()}`];
  await using service = await startQuic(made, { args: ["--quic", ...place] });
  const port = await service.port();
  const { stdout } = await run([process.execPath, script, "status", "--json", ...place]);
  const { workers } = JSON.parse(stdout) as { workers: { index: unknown; state: string; pid: number }[] };
  expect(workers.map(({ index, state }) => [index, state])).toEqual([
    [0, "serving"],
    ["quic", "serving"],
  ]);
  expect(workers[1]?.pid).toBe((await quicWorker(service))!);
  const text = await run([process.execPath, script, "status", ...place]);
  expect(text.stdout).toMatch(/^#quic +\d+ +serving /m);
  const streams = await Promise.all(Array.from({ length: 16 }, () => ask(port, "/events")));
  service.signal("SIGTERM");
  const texts = await Promise.all(streams.map((stream) => stream.text()));
  expect(texts.every((events) => events.endsWith("data: 19\n\n"))).toBe(true);
  expect((await service.ended()).code).toBe(0);
});

test(
  "[T4] reloads lose no request by HTTP/3, streams in flight included, and bring the new version",
  async () => {
    const VERSION = made.path("version");
    writeFileSync(VERSION, "v0");
    await using service = await startQuic(made, { args: ["--quic", "--workers=2"], env: { VERSION } });
    const port = await service.port();
    const load = new QuicLoad(port, 3);
    const streams = new QuicLoad(port, 2, "/events");
    for (let n = 1; n <= reloads; n++) {
      const before = await quicWorker(service);
      await eventually(() => load.count > n * 20);
      writeFileSync(VERSION, `v${n}`);
      service.signal("SIGHUP");
      await eventually(() => load.seen.has(`v${n}`));
      expect(await quicWorker(service)).not.toBe(before);
    }
    await Promise.all([load.end(), streams.end()]);
    expect([...load.failures, ...streams.failures]).toEqual([]);
    expect([...streams.seen].map((text) => text.endsWith("data: 19\n\n"))).toEqual([true]);
  },
  30_000 + reloads * 3000,
);

test("[T4] a version that does not start leaves the process of HTTP/3 alone", async () => {
  const VERSION = made.path("crashing");
  writeFileSync(VERSION, "good");
  await using service = await startQuic(made, { env: { VERSION } });
  const before = await quicWorker(service);
  writeFileSync(VERSION, "crash");
  service.signal("SIGHUP");
  await eventually(() => service.stdout.text.includes("reload failed"));
  expect(await quicWorker(service)).toBe(before!);
  expect(await (await ask(await service.port())).text()).toBe("good");
});

test("[T4] the process of HTTP/3 comes back after kill -9, and TCP did not miss it", async () => {
  await using service = await startQuic(made);
  const port = await service.port();
  const killed = (await quicWorker(service))!;
  expect(await (await ask(port, "/pid")).text()).toBe(String(killed));
  process.kill(killed, "SIGKILL");
  const { stdout } = await run(["curl", "-sk", await service.url()]);
  expect(stdout).toBe("v0");
  await eventually(async () => ![undefined, killed].includes(await quicWorker(service)));
  expect(service.stdout.text).toContain("worker #quic ended: signal SIGKILL, starting it again");
  // A client of its own: this one's connection died with the process, without a word.
  const fresh = await run(client(port, "/pid"));
  expect(Number(fresh.stdout)).toBe((await quicWorker(service))!);
});

test("[T4] a certificate that is renewed is shown by HTTP/3 too", async () => {
  await made.make("renewed", { names: ["127.0.0.1"] });
  await made.make("first", { names: ["127.0.0.1"] });
  const [CERT, KEY] = [made.path("live.crt"), made.path("live.key")];
  const put = async (name: string): Promise<void> => {
    await Bun.write(CERT, Bun.file(made.path(`${name}.crt`)));
    await Bun.write(KEY, Bun.file(made.path(`${name}.key`)));
  };
  await put("first");
  await using service = await startQuic(made, { env: { CERT, KEY } });
  const port = await service.port();
  const trusts = async (name: string): Promise<boolean> => {
    const client = `await fetch("https://127.0.0.1:${port}/", { protocol: "http3" })`;
    const trusted = `NODE_EXTRA_CA_CERTS=${made.path(`${name}.crt`)}`;
    return (await run(["env", trusted, process.execPath, "-e", client])).code === 0;
  };
  expect([await trusts("first"), await trusts("renewed")]).toEqual([true, false]);
  const before = await quicWorker(service);
  await put("renewed");
  await eventually(async () => ![undefined, before].includes(await quicWorker(service)));
  await eventually(() => trusts("renewed"));
}, 20_000);

test("[T4] a UDP port in use and HTTP/3 without TLS are refused in one line", async () => {
  const holder = await Bun.udpSocket({ hostname: "0.0.0.0", port: 0 });
  const taken = await refusedQuic(made, { args: [`--quic=${holder.port}`] });
  holder.close();
  expect(taken).toMatchObject({
    code: 1,
    stderr: `skitai: UDP port ${holder.port} of 0.0.0.0: is in use, choose another with --quic\n`,
  });
  const plain = await refusedQuic(made, { env: { CERT: "" } });
  expect(plain).toMatchObject({
    code: 1,
    stderr:
      "skitai: quic: true is not accepted; accepted: false without enableSsl, HTTP/3 is always encrypted\n",
  });
});

test("[E15] quic by run(), by variable, and refused values", async () => {
  const udp = freePort();
  await using cli = await startQuic(made, { args: [], env: { RUN: JSON.stringify({ quic: udp }) } });
  expect(await (await ask(udp)).text()).toBe("v0");
  expect(cli.stdout.text).toContain(`UDP port ${udp}`);
  await using byVariable = await startQuic(made, { args: [], env: { SKITAI_QUIC: "true" } });
  expect(await (await ask(await byVariable.port())).text()).toBe("v0");
  const wrong = await refusedQuic(made, { args: ["--quic=many"] });
  expect(wrong.stderr).toContain(
    'skitai: --quic: "many" is not accepted; accepted: true (the number of port)',
  );
});

test.skipIf(process.getuid?.() !== 0)(
  "[T4] a UDP port below 1024 is bound by a worker that is nobody, before and after a reload",
  async () => {
    chmodSync(made.folder, 0o755);
    const VERSION = made.path("privileged");
    writeFileSync(VERSION, "first");
    chmodSync(VERSION, 0o644);
    const udp = await privilegedUdpPort();
    const env = { VERSION, SUDO_UID: undefined, SUDO_GID: undefined };
    await using service = await startQuic(made, { args: [`--quic=${udp}`], env });
    expect(await (await ask(udp)).text()).toBe("first");
    const before = (await quicWorker(service))!;
    expect(readFileSync(`/proc/${before}/status`, "latin1")).toMatch(/^Uid:\t65534\t65534\t/m);
    writeFileSync(VERSION, "second");
    service.signal("SIGHUP");
    await eventually(async () => (await run(client(udp))).stdout === "second\n");
    const after = (await quicWorker(service))!;
    expect(after).not.toBe(before);
    expect(readFileSync(`/proc/${after}/status`, "latin1")).toMatch(/^CapEff:\t0{16}$/m);
  },
  20_000,
);

test("[T4] two reloads at once, and one while the process before still drains, end with one process of HTTP/3", async () => {
  const VERSION = made.path("twice");
  writeFileSync(VERSION, "a");
  await using service = await startQuic(made, { env: { VERSION } });
  const port = await service.port();
  const events = await ask(port, "/events");
  const reload = async (version: string): Promise<void> => {
    const before = await quicWorker(service);
    writeFileSync(VERSION, version);
    service.signal("SIGHUP");
    service.signal("SIGHUP");
    await eventually(async () => (await quicWorker(service)) !== before);
  };
  await reload("b");
  await reload("c");
  expect((await events.text()).endsWith("data: 19\n\n")).toBe(true);
  await eventually(async () => (await run(client(port))).stdout === "c\n");
  await eventually(async () => (await service.workers()).length === 2);
  service.signal("SIGTERM");
  expect((await service.ended()).code).toBe(0);
}, 20_000);

/** A UDP port below 1024 that nobody has. */
async function privilegedUdpPort(): Promise<number> {
  for (let port = 1023; ; port--) {
    const probe = await Bun.udpSocket({ hostname: "0.0.0.0", port }).catch(() => undefined);
    probe?.close();
    if (probe !== undefined) return port;
  }
}

test("[T4] an executable serves HTTP/3", async () => {
  const directory = made.path("built");
  mkdirSync(directory);
  const out = join(directory, "served");
  const built = await run([process.execPath, cliMain, "build", script, "--outfile", out]);
  expect([built.code, built.stderr]).toEqual([0, ""]);
  await using service = await startQuic(made, { command: [out, "--port=0"] });
  expect(await (await ask(await service.port())).text()).toBe("v0");
});

test("[T4] Alt-Svc is not said by plain HTTP, and a forward port in use is named as what it is", async () => {
  const from = freePort();
  const env = {
    SSL_CALL: JSON.stringify([[made.path("one.crt"), made.path("one.key")]]),
    FORWARD: JSON.stringify([from, 443]),
  };
  const command = [process.execPath, secure, "--port=0"];
  await using service = await startQuic(made, { command, env });
  const plain = `http://127.0.0.1:${from}/`;
  expect((await fetch(plain, { redirect: "manual" })).status).toBe(301);
  expect(await headerOf(plain)).toBeUndefined();
  expect(await headerOf(await service.url())).toBeDefined();
  expect(await refusedQuic(made, { command, env })).toMatchObject({
    code: 1,
    stderr: `skitai: port ${from} of 0.0.0.0: is in use, choose another in enableForward\n`,
  });
});

test("[O5] --quic takes a port behind = only, never the next word", () => {
  const line = (...words: string[]) => new Declaration(words).commandLine;
  expect([line("--quic", "start").get("--quic"), line("--quic", "start").command]).toEqual([true, "start"]);
  expect(line("--quic=4433").get("--quic")).toBe("4433");
  expect(
    line("--quic=")
      .problems()
      .map(({ message }) => message),
  ).toEqual(["--quic: needs a value: --quic=PORT"]);
});
