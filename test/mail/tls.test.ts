import { afterAll, beforeAll, expect, test } from "bun:test";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SMTPServerAuthentication, SMTPServerOptions } from "smtp-server";
import { Email } from "../../src/mail/email.ts";
import type { SmtpOptions } from "../../src/mail/smtp-server.ts";
import { Mailbox, queue, reply, TestAgent, TestSpool, until } from "./support.ts";

const directory = mkdtempSync(join(tmpdir(), "skitai-tls-"));
let cert = "";
let key = "";

beforeAll(() => {
  const made = Bun.spawnSync([
    "openssl",
    "req",
    "-x509",
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:prime256v1",
    "-nodes",
    "-days",
    "2",
    "-subj",
    "/CN=localhost",
    "-addext",
    "subjectAltName=DNS:localhost",
    "-keyout",
    join(directory, "key"),
    "-out",
    join(directory, "cert"),
  ]);
  expect(made.exitCode).toBe(0);
  [cert, key] = [readFileSync(join(directory, "cert"), "utf8"), readFileSync(join(directory, "key"), "utf8")];
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** One mail to one server, once: what became of it. */
async function once(
  server: SMTPServerOptions,
  options: Omit<SmtpOptions, "server">,
): Promise<{ words?: string; secure?: boolean; user?: string | undefined }> {
  using _spool = new TestSpool();
  await using box = await Mailbox.open(server);
  await new Email("s", "a@example.com", "b@example.com")
    .addContent("x")
    .setSmtp({ server: `localhost:${box.port}`, ...options })
    .send();
  await using agent = new TestAgent({ "max-retry": "0" });
  await until(() => agent.agent.counters.delivered + agent.agent.counters.undelivered === 1);
  const [mail] = box.mails;
  expect(agent.log.join()).not.toContain("hunter2");
  return mail === undefined
    ? { words: Object.values(queue()[0]!.words)[0]! }
    : { secure: mail.secure, user: mail.user };
}

test("[M5] STARTTLS by itself where it is offered: a certificate that nobody vouches for is refused, unless it may be any", async () => {
  expect((await once({ cert, key }, {})).words).toMatch(/self.signed|certificate/i);
  expect((await once({ cert, key }, { verify: false })).secure).toBe(true);
  expect((await once({ cert, key }, { ca: cert })).secure).toBe(true);
  expect((await once({ cert, key }, { starttls: "never" })).secure).toBe(false);
});

test("[M5] STARTTLS that is required and not offered: nothing is sent", async () => {
  expect((await once({}, { starttls: "required" })).words).toMatch(/STARTTLS|upgrade|500 /i);
  expect((await once({}, {})).secure).toBe(false);
});

test("[M5] TLS from the first byte on, and a name that the certificate has not", async () => {
  expect((await once({ cert, key, secure: true }, { ssl: true, ca: cert })).secure).toBe(true);
  expect((await once({ cert, key, secure: true }, { ssl: true })).words).toMatch(/self.signed|certificate/i);
  using _spool = new TestSpool();
  await using box = await Mailbox.open({ cert, key, secure: true });
  await new Email("s", "a@example.com", "b@example.com")
    .setSmtp({ server: box.address, ssl: true, ca: cert })
    .send();
  await using agent = new TestAgent({ "max-retry": "0" });
  await until(() => agent.agent.counters.undelivered === 1);
  expect(Object.values(queue()[0]!.words)[0]).toMatch(/altnames|match/i);
});

const door: SMTPServerOptions = {
  authOptional: false,
  allowInsecureAuth: true,
  authMethods: ["PLAIN", "LOGIN", "CRAM-MD5", "XOAUTH2"],
  onAuth: (auth: SMTPServerAuthentication, _session, done) => {
    const good =
      auth.method === "CRAM-MD5"
        ? auth.validatePassword("hunter2")
        : auth.method === "XOAUTH2"
          ? auth.accessToken === "hunter2"
          : auth.password === "hunter2";
    return auth.username === "me" && good
      ? done(null, { user: auth.method })
      : done(reply(535, "who are you"));
  },
};

test("[M5] AUTH PLAIN, LOGIN, CRAM-MD5, XOAUTH2", async () => {
  for (const auth of ["PLAIN", "LOGIN", "CRAM-MD5"] as const)
    expect((await once(door, { user: "me", password: "hunter2", auth })).user).toBe(auth);
  expect((await once(door, { user: "me", password: "hunter2" })).user).toBe("PLAIN");
  expect((await once(door, { user: "me", oauth2: { accessToken: "hunter2" } })).user).toBe("XOAUTH2");
});

test("[M5] a wrong password is the server's trouble, not the mail's: it is tried again", async () => {
  using _spool = new TestSpool();
  await using box = await Mailbox.open(door);
  await new Email("s", "a@example.com", "b@example.com").setSmtp(box.address, "me", "hunter3").send();
  await using agent = new TestAgent();
  await until(() => agent.agent.counters.deferred === 1);
  expect(queue()).toMatchObject([{ state: "queued", tries: 1 }]);
  expect(Object.values(queue()[0]!.words)[0]).toContain("535 who are you");
  expect(agent.log.join() + JSON.stringify(queue())).not.toContain("hunter3");
});

test("[M5] DKIM: a signature in front, by the mail's own key or by the agent's", async () => {
  const { privateKey } = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
  await Bun.write(join(directory, "dkim.pem"), privateKey);
  using _spool = new TestSpool();
  await using box = await Mailbox.open();
  await using agent = new TestAgent({
    "smtp-server": box.address,
    "dkim-domain": "agent.example",
    "dkim-selector": "two",
    "dkim-key": join(directory, "dkim.pem"),
  });
  const mail = (): Email => new Email("s", "a@example.com", "b@example.com").addContent("body");
  await mail().setSmtp(box.address).setDkim({ domain: "mail.example", selector: "one", privateKey }).send();
  await mail().send();
  await until(() => agent.agent.counters.delivered === 2);
  const signatures = box.mails
    .map(({ text }) => /^DKIM-Signature: .*?d=([\w.]+).*?s=(\w+);/s.exec(text)?.slice(1))
    .sort();
  expect(signatures).toEqual([
    ["agent.example", "two"],
    ["mail.example", "one"],
  ]);
});
