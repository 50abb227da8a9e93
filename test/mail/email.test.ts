import { expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setDefaultServer } from "../../src/mail/default-server.ts";
import { Email } from "../../src/mail/email.ts";
import { textOfHtml } from "../../src/mail/html-text.ts";
import { smtpArguments } from "../../src/mail/smtp-server.ts";
import { Mailbox, TestAgent, TestSpool, until } from "./support.ts";

const refusal = (act: () => unknown): string => {
  try {
    act();
    return "taken";
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    return `${code} ${message}`;
  }
};

/** The message as it goes out, parsed by somebody else: Python's email package. */
async function parsed(mail: Email): Promise<Record<string, unknown>> {
  const directory = mkdtempSync(join(tmpdir(), "skitai-mail-"));
  try {
    const path = join(directory, "mail.eml");
    await mail.save(path);
    const program = `
import email, email.policy, json, sys
m = email.message_from_binary_file(open(sys.argv[1], "rb"), policy=email.policy.default)
parts = [[p.get_content_type(), p.get_filename(), p["content-id"], p.get_content() if p.get_content_maintype() == "text" else p.get_content().hex()[:16]] for p in m.walk() if not p.is_multipart()]
print(json.dumps({"headers": {k.lower(): str(v) for k, v in m.items()}, "type": m.get_content_type(), "parts": parts}))`;
    const run = Bun.spawnSync(["python3", "-c", program, path]);
    return JSON.parse(run.stdout.toString()) as Record<string, unknown>;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

test("[M1] names, subject and file names in any script; HTML with an image by cid, and text made from it", async () => {
  const mail = new Email("Grüße 안녕", "Ännchen, von <ann@example.com>".replace(",", ""), [
    "밥 <bob@example.com>",
    "cy@example.com",
  ])
    .addContent("<h1>Grüße</h1><p>Bild: <img src='cid:LOGO' alt='unser Bild'></p>", "text/html")
    .addAttachment(Buffer.from("\x89PNG1234"), { cid: "LOGO", name: "bild ä.png" })
    .addAttachment(new Uint8Array([1, 2, 3]), { name: "daten.bin", type: "application/x-data" })
    .setHeader("Reply-To", "Büro <office@example.com>")
    .setHeader("X-Order", "42");
  const { headers, type, parts } = await parsed(mail);
  expect(headers).toMatchObject({
    subject: "Grüße 안녕",
    from: "Ännchen von <ann@example.com>",
    to: "밥 <bob@example.com>, cy@example.com",
    "reply-to": "Büro <office@example.com>",
    "x-order": "42",
    "mime-version": "1.0",
  });
  expect(type).toBe("multipart/mixed");
  expect(parts).toEqual([
    ["text/plain", null, null, "Grüße\n\nBild: unser Bild"],
    ["text/html", null, null, "<h1>Grüße</h1><p>Bild: <img src='cid:LOGO' alt='unser Bild'></p>"],
    ["image/png", "bild ä.png", "<LOGO>", Buffer.from("\x89PNG1234").toString("hex").slice(0, 16)],
    ["application/x-data", "daten.bin", null, "010203"],
  ]);
});

test("[M1] one text is one part; content is added to what is there; other types are parts of their own", async () => {
  const plain = await parsed(
    new Email("s", "a@example.com", "b@example.com").addContent("one\n").addContent("zwei ß"),
  );
  expect([plain["type"], plain["parts"]]).toEqual([
    "text/plain",
    [["text/plain", null, null, "one\nzwei ß\n"]],
  ]);
  const calendar = await parsed(
    new Email("s", "a@example.com", "b@example.com")
      .addContent("hi")
      .addContent("BEGIN:VCALENDAR", "text/calendar"),
  );
  expect(calendar["parts"]).toEqual([
    ["text/plain", null, null, "hi"],
    ["text/calendar", null, null, "BEGIN:VCALENDAR"],
  ]);
});

test("[M1] lines that would be headers of somebody else are refused, wherever they are", () => {
  const mail = (): Email => new Email("s", "a@example.com", "b@example.com");
  const evil = "x\r\nBcc: victim@example.com";
  for (const act of [
    () => new Email(evil, "a@example.com", "b@example.com"),
    () => new Email("s", `a@example.com${evil}`, "b@example.com"),
    () => new Email("s", "a@example.com", [`b@example.com\nBcc: c@example.com`]),
    () => mail().setHeader("X-A", evil),
    () => mail().setHeader("X-A\r\nBcc", "c@example.com"),
    () => mail().setHeader("Reply-To", evil),
    () => mail().addContent("x", `text/html${evil}`),
    () => mail().addAttachment(Buffer.from("x"), { name: evil }),
    () => mail().addAttachment(Buffer.from("x"), { cid: evil }),
    () => mail().addAttachment(Buffer.from("x"), { type: `image/png${evil}` }),
  ])
    expect(refusal(act)).toStartWith("MAIL_INVALID ");
});

test("[M1] addresses that are none, a type that is none, a file that is not there", () => {
  const to = (address: string): string => refusal(() => new Email("s", "a@example.com", address));
  for (const wrong of [
    "bob",
    "bob@",
    "@example.com",
    "bob@exa mple.com",
    "a b@example.com",
    `${"x".repeat(250)}@example.com`,
  ])
    expect(to(wrong)).toStartWith("MAIL_INVALID to: ");
  expect(to("Bob <bob@example.com>, eve@[127.0.0.1]")).toBe("taken");
  expect(refusal(() => new Email("s", "a@example.com, b@example.com", "c@example.com"))).toContain(
    "one address",
  );
  const mail = new Email("s", "a@example.com", "b@example.com");
  expect(refusal(() => mail.addAttachment("/no/such/file"))).toBe(
    'MAIL_INVALID attachment: "/no/such/file" is not accepted; accepted: a file',
  );
  expect(refusal(() => mail.addContent("x", "html"))).toContain('a media type like "text/html"');
  expect(refusal(() => mail.setHeader("Content-Type", "text/html"))).toStartWith("MAIL_INVALID header");
});

test("[M1] a file is read when the mail is sent; one that is gone by then is an error, and leaves nothing behind", async () => {
  using spool = new TestSpool();
  const path = join(spool.directory, "report.txt");
  writeFileSync(path, "numbers");
  const mail = new Email("s", "a@example.com", "b@example.com").addContent("x").addAttachment(path);
  rmSync(path);
  const error = (await mail.send().catch((reason) => reason)) as { code: string; message: string };
  expect([error.code, error.message]).toEqual([
    "MAIL_INVALID",
    "attachment: a file that can be read (ENOENT)",
  ]);
  expect([...new Bun.Glob("{tmp,queue}/*").scanSync(spool.directory)]).toEqual([]);
});

test("[M1] Cc and Bcc are recipients, and only Cc is told; a large attachment arrives whole", async () => {
  using spool = new TestSpool();
  const path = join(spool.directory, "large.bin");
  writeFileSync(path, Buffer.alloc(3_000_000, "0123456789"));
  await using box = await Mailbox.open();
  await using _agent = new TestAgent();
  await new Email("s", "a@example.com", "b@example.com")
    .setSmtp({ server: box.address })
    .setHeader("Cc", "Cy <c@example.com>")
    .setHeader("Bcc", "d@example.com")
    .addContent("text .\r\n.\r\nwith dots")
    .addAttachment(path)
    .send();
  await until(() => box.mails.length === 1);
  const { to, text } = box.mails[0]!;
  expect(to).toEqual(["b@example.com", "c@example.com", "d@example.com"]);
  expect(text).toContain("Cc: Cy <c@example.com>");
  expect(text).not.toContain("d@example.com");
  expect(text).toContain("\r\n.\r\nwith dots");
  const encoded = text.slice(text.lastIndexOf("large.bin")).split("\r\n\r\n")[1]!.replaceAll("\r\n", "");
  expect(Buffer.from(encoded.split("--")[0]!, "base64").equals(readFileSync(path))).toBe(true);
});

test("[M1] the default of the service is for mails without a server of their own", async () => {
  using _spool = new TestSpool();
  await using usual = await Mailbox.open();
  await using own = await Mailbox.open();
  setDefaultServer(usual.address);
  using _default = { [Symbol.dispose]: () => setDefaultServer() };
  await using agent = new TestAgent();
  await new Email("usual", "a@example.com", "b@example.com").send();
  await new Email("own", "a@example.com", "b@example.com").setSmtp(own.address).send();
  await until(() => agent.agent.counters.delivered === 2);
  expect([usual.subjects(), own.subjects()]).toEqual([["usual"], ["own"]]);
  // Sent twice it is two mails.
  const mail = new Email("twice", "a@example.com", "b@example.com").addContent("x");
  expect(await mail.send()).not.toBe(await mail.send());
  await until(() => agent.agent.counters.delivered === 4);
  const ids = usual.mails.map(({ text }) => /^Message-ID: (.*)$/m.exec(text)?.[1]);
  expect(new Set(ids).size).toBe(3);
});

test("[M1] servers that are none; a password is in no message", () => {
  expect(smtpArguments("setSmtp", "mail.example.com:465", "me", "secret", true)).toMatchObject({
    host: "mail.example.com",
    port: 465,
    ssl: true,
    user: "me",
  });
  expect(smtpArguments("setSmtp", "[::1]")).toMatchObject({
    host: "::1",
    port: 25,
    starttls: "opportunistic",
  });
  expect(smtpArguments("setSmtp", { server: "mail.example.com", user: "me", password: "x" }).starttls).toBe(
    "required",
  );
  for (const wrong of ["", "a b", "mail.example.com:0", "mail.example.com:99999", "smtp://x", "x\r\ny"])
    expect(refusal(() => smtpArguments("setSmtp", wrong))).toStartWith("OPTION_INVALID setSmtp: server");
  const said = refusal(() => smtpArguments("setSmtp", { server: "x", password: "hunter2" }));
  expect(said).toBe("OPTION_INVALID setSmtp: user: is missing: a password needs one");
  expect(refusal(() => smtpArguments("setSmtp", { server: "x", sll: true } as never))).toStartWith(
    "OPTION_UNKNOWN setSmtp: sll",
  );
});

test("[M1] text of HTML: lines, lists, links, entities; nothing of scripts and styles", () => {
  const html = `<head><title>no</title><style>p{}</style></head><body><h1>Title</h1>
    <p>One &amp; <b>two</b>&nbsp;&#8364; &lt;x&gt;<br>next</p><script>no()</script>
    <ul><li>a<li>b</ul><a href="https://example.com/?a=1">here</a> <a href="https://example.com">example.com</a>
    <table><tr><td>1</td><td>2</td></tr></table></body>`;
  expect(textOfHtml(html)).toBe(
    "Title\n\nOne & two € <x>\nnext\n\n- a\n- b\n\nhere (https://example.com/?a=1) example.com\n\n1 2",
  );
});
