import { afterAll, beforeAll, expect, test } from "bun:test";
import { chmodSync, writeFileSync } from "node:fs";
import { testClient } from "../../src/testing/index.ts";
import { Authority, handshake, run, secure } from "./support.ts";

const made = new Authority();
const at = (name: string): string => made.path(name);

beforeAll(async () => {
  await made.make("ca");
  await Promise.all([
    made.make("one", { names: ["localhost", "127.0.0.1"], by: "ca" }),
    made.make("two", { names: ["two.test", "*.two.test"], by: "ca" }),
    made.make("locked", { passphrase: "secret" }),
    made.make("client", { by: "ca" }),
    made.make("stranger"),
  ]);
  writeFileSync(at("junk.crt"), "junk");
});
afterAll(() => made[Symbol.dispose]());

const start = (...calls: unknown[][]): ReturnType<typeof testClient> =>
  testClient(secure, undefined, { env: { SSL_CALL: JSON.stringify(calls) } });

/** The lines that a script which cannot start prints. */
async function refusal(...calls: unknown[][]): Promise<string[]> {
  const error = await start(...calls).then(
    async (cli) => await cli.stop(),
    (thrown: Error) => thrown,
  );
  if (!(error instanceof Error)) throw new Error("it started");
  return String(error.cause).split("\n");
}

test("[T1] curl that trusts the authority gets an answer by https, and none by http", async () => {
  await using cli = await start([at("one.crt"), at("one.key")]);
  expect(cli.url).toBe(`https://127.0.0.1:${cli.port}`);
  expect(cli.output).toContain(`serves https://127.0.0.1:${cli.port}/ from 1 worker`);
  const good = await run(["curl", "-sS", "--cacert", at("ca.crt"), `https://localhost:${cli.port}/a?b=1`]);
  expect(JSON.parse(good.stdout).url).toBe(`https://localhost:${cli.port}/a?b=1`);
  const untrusted = await run(["curl", "-sS", `https://localhost:${cli.port}/`]);
  expect(untrusted.code).toBe(60);
  const plain = await run(["curl", "-sS", `http://localhost:${cli.port}/`]);
  expect(plain.code).not.toBe(0);
});

test("[T1] TLS 1.2 and 1.3 are spoken, 1.1 is not", async () => {
  await using cli = await start([at("one.crt"), at("one.key")]);
  const versions = ["-tls1_3", "-tls1_2", "-tls1_1"];
  const spoken = await Promise.all(
    versions.map((version) => handshake(cli.port, version, "-cipher", "ALL@SECLEVEL=0")),
  );
  expect(spoken.map(({ ok, protocol }) => [ok, protocol])).toEqual([
    [true, "TLSv1.3"],
    [true, "TLSv1.2"],
    [false, undefined],
  ]);
});

test("[T1] certificates are told apart by server name, the first one is for all others", async () => {
  const list = [
    { cert: at("one.crt"), key: at("one.key") },
    { cert: at("two.crt"), key: at("two.key") },
  ];
  await using cli = await start([list], [at("stranger.crt"), at("stranger.key")]);
  const shown = await Promise.all(
    ["localhost", "two.test", "a.two.test", "TWO.test", "a.b.two.test", "stranger", "other.test"].map(
      async (name) => (await handshake(cli.port, "-servername", name)).name,
    ),
  );
  expect(shown).toEqual(["one", "two", "two", "two", "one", "stranger", "one"]);
  expect((await handshake(cli.port, "-noservername")).name).toBe("one");
});

test("[T1] a serverName goes over the names of the certificate", async () => {
  const second = { cert: at("two.crt"), key: at("two.key"), serverName: "Else.test" };
  await using cli = await start([[{ cert: at("one.crt"), key: at("one.key") }, second]]);
  expect((await handshake(cli.port, "-servername", "else.test")).name).toBe("two");
  expect((await handshake(cli.port, "-servername", "two.test")).name).toBe("one");
});

test("[T1] only clients with a certificate of the authority get in, whatever name they ask for", async () => {
  const list = ["one", "two"].map((name) => ({ cert: at(`${name}.crt`), key: at(`${name}.key`) }));
  await using cli = await start([list, { ca: at("ca.crt") }]);
  const ask = async (host: string, ...words: string[]): Promise<number> => {
    const url = `https://${host}:${cli.port}/`;
    return (await run(["curl", "-sk", "--resolve", `${host}:${cli.port}:127.0.0.1`, ...words, url])).code;
  };
  for (const host of ["localhost", "two.test", "unknown.test"]) {
    const own = (name: string): string[] => ["--cert", at(`${name}.crt`), "--key", at(`${name}.key`)];
    expect(await ask(host, ...own("client"))).toBe(0);
    expect(await ask(host)).not.toBe(0);
    expect(await ask(host, ...own("stranger"))).not.toBe(0);
  }
});

test("[T1] PEM text and a key with a pass phrase serve, and no secret is in a worker's environment", async () => {
  const [cert, key] = await Promise.all(
    ["locked.crt", "locked.key"].map((name) => Bun.file(at(name)).text()),
  );
  await using cli = await start([cert, key, "secret"]);
  // The script gets its call by the environment here, so another one looks.
  expect((await cli.get("/")).status).toBe(200);
  await using files = await start([at("locked.crt"), at("locked.key"), "secret"]);
  const environment = (await files.get("/environment")).text;
  expect(environment).toContain("SKITAI_BOOT");
  expect(environment).not.toContain("PRIVATE KEY");
});

test("[T1] what is wrong with the files is said in one line each, before anything listens", async () => {
  const [one, oneKey] = [at("one.crt"), at("one.key")];
  const key = `skitai: enableSsl: ${oneKey}`;
  expect(await refusal([at("none.crt"), oneKey])).toEqual([
    `skitai: enableSsl: ${at("none.crt")}: there is no such file`,
  ]);
  expect(await refusal([made.folder, oneKey])).toEqual([
    `skitai: enableSsl: ${made.folder}: is a directory, not a file`,
  ]);
  expect(await refusal([at("junk.crt"), oneKey])).toEqual([
    `skitai: enableSsl: ${at("junk.crt")}: this is no certificate in PEM form`,
  ]);
  expect(await refusal([one, one])).toEqual([
    `skitai: enableSsl: ${one}: this is no private key in PEM form`,
  ]);
  expect(await refusal([at("two.crt"), oneKey])).toEqual([
    `${key}: this key does not belong to the certificate ${at("two.crt")}`,
  ]);
  expect(await refusal([at("locked.crt"), at("locked.key"), "wrong"], [one, at("no.key")])).toEqual([
    `skitai: enableSsl: ${at("locked.key")}: the pass phrase is wrong`,
    `skitai: enableSsl: ${at("no.key")}: there is no such file`,
  ]);
  expect(await refusal([at("locked.crt"), at("locked.key")])).toEqual([
    `skitai: enableSsl: ${at("locked.key")}: this key needs a pass phrase`,
  ]);
});

test("[T1] a call that names no key, or an unknown option, is refused", async () => {
  expect(await refusal([at("one.crt")])).toEqual([
    "skitai: enableSsl: cert and key as paths or PEM text, and the pass phrase as text, if there is one",
  ]);
  expect(await refusal([[{ cert: at("one.crt"), key: at("one.key") }], { verify: true }])).toEqual([
    'skitai: enableSsl: "verify" is not accepted; accepted: ca, requestCert, rejectUnauthorized',
  ]);
});

test("[T1] an expired certificate serves, with a warning in the log", async () => {
  await made.expire("client", "old");
  await using cli = await start([at("old.crt"), at("client.key")]);
  expect((await cli.get("/")).status).toBe(200);
  expect(cli.output).toContain(`enableSsl: ${at("old.crt")} has expired (`);
});

test.skipIf(process.getuid?.() !== 0)("[T1] a key that this user may not read is named", async () => {
  chmodSync(made.folder, 0o755);
  chmodSync(at("one.key"), 0o600);
  const call = JSON.stringify([[at("one.crt"), at("one.key")]]);
  const words = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", process.execPath, secure];
  const child = Bun.spawn([...words, "--port=0"], {
    env: { ...process.env, SSL_CALL: call },
    stdout: "ignore",
    stderr: "pipe",
    timeout: 10_000,
  });
  expect(await new Response(child.stderr).text()).toBe(
    `skitai: enableSsl: ${at("one.key")}: this user may not read it\n`,
  );
  expect(await child.exited).toBe(1);
});

test("[T1] hsts is said in https answers only, and not unless asked for", async () => {
  const env = { SSL_CALL: JSON.stringify([[at("one.crt"), at("one.key")]]) };
  const hsts = async (options: { env?: Record<string, string>; args?: string[] }): Promise<string | null> => {
    await using cli = await testClient(secure, undefined, options);
    return (await cli.get("/")).headers.get("strict-transport-security");
  };
  expect(await hsts({ env, args: ["--hsts=1d"] })).toBe("max-age=86400");
  expect(await hsts({ env })).toBeNull();
  expect(await hsts({ args: ["--hsts=1d"] })).toBeNull();
});
