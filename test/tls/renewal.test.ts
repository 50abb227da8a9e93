import { afterAll, beforeAll, expect, test } from "bun:test";
import { copyFileSync, renameSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { connect } from "node:http2";
import { testClient } from "../../src/testing/index.ts";
import { Certificates } from "../../src/tls/certificates.ts";
import { eventually } from "../process/support.ts";
import { Authority, handshake, secure } from "./support.ts";

const made = new Authority();
const at = (name: string): string => made.path(name);
beforeAll(async () => {
  await Promise.all(["one", "two", "three"].map((name) => made.make(name, { names: ["localhost"] })));
});
afterAll(() => made[Symbol.dispose]());

/** Puts the pair `from` where `to` is, as a whole (rename). */
function replace(to: string, from: string): void {
  for (const ending of ["crt", "key"]) {
    copyFileSync(at(`${from}.${ending}`), at(`new.${ending}`));
    renameSync(at(`new.${ending}`), at(`${to}.${ending}`));
  }
}

/** Certificates of `name`, with what they have said. */
function watched(name: string): { certificates: Certificates; said: string[]; renewed: () => number } {
  replace(name, "one");
  const said: string[] = [];
  let renewals = 0;
  const declared = { certificates: [{ cert: `${name}.crt`, key: `${name}.key` }], clients: {} };
  const certificates = new Certificates(declared, made.folder, {
    renewed: () => void renewals++,
    warn: (text) => void said.push(text),
  });
  return { certificates, said, renewed: () => renewals };
}

const certOf = async (name: string): Promise<string> => await Bun.file(at(`${name}.crt`)).text();

test("[T1] a new pair is taken when it has not changed since the last look, once", async () => {
  const { certificates, said, renewed } = watched("a");
  certificates.look();
  expect(renewed()).toBe(0);
  replace("a", "two");
  certificates.look();
  expect(renewed()).toBe(0);
  certificates.look();
  certificates.look();
  expect([renewed(), said]).toEqual([1, []]);
  expect(certificates.setup.identities[0]?.cert).toBe(await certOf("two"));
});

test("[T1] a pair that does not fit is told of once, and the old one stays until it does", async () => {
  const { certificates, said, renewed } = watched("b");
  copyFileSync(at("two.crt"), at("b.crt"));
  for (let i = 0; i < 4; i++) certificates.look();
  expect(said).toEqual([
    `enableSsl: ${at("b.key")}: this key does not belong to the certificate ${at("b.crt")}; ` +
      "the certificates of before stay in use",
  ]);
  expect([renewed(), certificates.setup.identities[0]?.cert]).toEqual([0, await certOf("one")]);
  copyFileSync(at("two.key"), at("b.key"));
  for (let i = 0; i < 4; i++) certificates.look();
  expect([renewed(), said.length]).toEqual([1, 1]);
});

test("[T1] files that are gone, touched or linked elsewhere are noticed as what they are", () => {
  const { certificates, said, renewed } = watched("c");
  unlinkSync(at("c.crt"));
  for (let i = 0; i < 3; i++) certificates.look();
  expect(said).toEqual([
    `enableSsl: ${at("c.crt")}: there is no such file; the certificates of before stay in use`,
  ]);
  // The same content is nothing new.
  copyFileSync(at("one.crt"), at("c.crt"));
  for (let i = 0; i < 3; i++) certificates.look();
  expect(renewed()).toBe(0);
  for (const ending of ["crt", "key"]) {
    unlinkSync(at(`c.${ending}`));
    symlinkSync(at(`three.${ending}`), at(`c.${ending}`));
  }
  for (let i = 0; i < 3; i++) certificates.look();
  expect([renewed(), said.length]).toEqual([1, 1]);
});

test("[T1] a reload reads at once, and keeps the old pair when the new one is bad", () => {
  const { certificates, said } = watched("d");
  expect(certificates.refresh()).toBe(false);
  replace("d", "two");
  expect(certificates.refresh()).toBe(true);
  writeFileSync(at("d.key"), "junk");
  expect([certificates.refresh(), said.length]).toEqual([false, 1]);
});

test("[T1] a renewed certificate is served without a lost request, over HTTP/1.1 and HTTP/2", async () => {
  replace("live", "one");
  const env = { SSL_CALL: JSON.stringify([[at("live.crt"), at("live.key")]]) };
  await using cli = await testClient(secure, undefined, { env, workers: 2 });
  let running = true;
  const lost: unknown[] = [];
  let answered = 0;
  const load = async (ask: () => Promise<number>): Promise<void> => {
    while (running) {
      const status = await ask().catch((error: unknown) => error);
      if (status === 200) answered++;
      else lost.push(status);
    }
  };
  const loads = [
    ...Array.from({ length: 4 }, () => load(async () => (await cli.get("/")).status)),
    ...Array.from({ length: 2 }, () => load(() => byHttp2(cli.url))),
  ];
  const shown = async (): Promise<string | undefined> => (await handshake(cli.port)).name;
  expect(await shown()).toBe("one");
  replace("live", "two");
  const end = Date.now() + 15_000;
  let both = 0;
  // Each handshake meets one of the workers.
  while (both < 8 && Date.now() < end) both = (await shown()) === "two" ? both + 1 : 0;
  running = false;
  await Promise.all(loads);
  expect([both, lost]).toEqual([8, []]);
  expect(answered).toBeGreaterThan(100);
}, 30_000);

test("[T1] a bad pair is told of in the log, and the old one serves through a reload", async () => {
  replace("bad", "one");
  const env = { SSL_CALL: JSON.stringify([[at("bad.crt"), at("bad.key")]]) };
  await using cli = await testClient(secure, undefined, { env });
  const pid = async (): Promise<unknown> => (await cli.get<{ pid: number }>("/")).data.pid;
  const before = await pid();
  copyFileSync(at("two.crt"), at("bad.crt"));
  process.kill(cli.pid!, "SIGHUP");
  await eventually(async () => (await pid()) !== before);
  expect((await handshake(cli.port)).name).toBe("one");
  const line = `enableSsl: ${at("bad.key")}: this key does not belong to the certificate ${at("bad.crt")}; `;
  expect(cli.output.split(line)).toHaveLength(2);
});

/** A request on a connection of its own. */
function byHttp2(url: string): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const session = connect(url, { rejectUnauthorized: false });
  session.on("error", reject);
  const stream = session.request({ ":path": "/" });
  stream.on("response", (headers) => resolve(Number(headers[":status"])));
  stream.on("error", reject);
  stream.resume();
  return promise.finally(() => session.destroy());
}
