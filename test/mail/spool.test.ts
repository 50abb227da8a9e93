import { expect, test } from "bun:test";
import {
  appendFileSync,
  chmodSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Email } from "../../src/mail/email.ts";
import { laneOf, nameOf, newId } from "../../src/mail/entry-name.ts";
import { dropMails, retryMails } from "../../src/mail/queue.ts";
import { findSpools } from "../../src/mail/spool.ts";
import { Mailbox, queue, TestAgent, TestSpool, until } from "./support.ts";

const isRoot = process.getuid?.() === 0;
const asNobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
const fixture = join(import.meta.dir, "fixtures/send.ts");

const mail = (): Email => new Email("s", "ann@example.com", "bob@example.com").addContent("text");
const failure = async (): Promise<string> => {
  const error = (await mail()
    .send()
    .catch((reason: unknown) => reason)) as { code?: string; message: string };
  return `${error.code} ${error.message}`;
};

/** `send.ts` in another process. */
function sendAs(before: readonly string[], spool: string, ...words: string[]): string {
  const run = Bun.spawnSync([...before, process.execPath, fixture, ...words], {
    env: { ...process.env, SKITAI_SPOOL: spool },
  });
  return run.stdout.toString().trim() + run.stderr.toString();
}

test("[M2] files and directories are for this user only; the password of a server too", async () => {
  using spool = new TestSpool();
  await mail().setSmtp({ server: "mail.example.com", user: "me", password: "hunter2" }).send();
  const [name] = readdirSync(join(spool.directory, "queue"));
  expect(statSync(join(spool.directory, "queue", name!)).mode & 0o777).toBe(0o600);
  for (const part of ["tmp", "queue", "undelivered"])
    expect(statSync(join(spool.directory, part)).mode & 0o777).toBe(0o700);
  expect(readdirSync(join(spool.directory, "tmp"))).toEqual([]);
  expect(JSON.stringify(queue())).not.toContain("hunter2");
});

test("[M2] a spool that is missing, or is none, is the caller's error", async () => {
  using spool = new TestSpool();
  const { directory } = spool;
  process.env["SKITAI_SPOOL"] = join(directory, "not/there");
  expect(await failure()).toBe(`MAIL_SPOOL mail cannot be written to ${directory}/not/there: ENOENT`);
  writeFileSync(join(directory, "file"), "");
  process.env["SKITAI_SPOOL"] = join(directory, "file");
  expect(await failure()).toStartWith("MAIL_SPOOL mail cannot be written to ");
  process.env["SKITAI_SPOOL"] = directory;
  rmSync(join(directory, "queue"), { recursive: true });
  symlinkSync("/tmp", join(directory, "queue"));
  expect(await failure()).toBe(`MAIL_SPOOL mail cannot be written to ${directory}: EPERM`);
});

test.skipIf(!isRoot)(
  "[M2] a spool that another user has, or that cannot be written, is the caller's error",
  () => {
    const directory = mkdtempSync(join(tmpdir(), "skitai-foreign-"));
    try {
      chmodSync(directory, 0o777);
      expect(sendAs(asNobody, directory)).toBe(`MAIL_SPOOL: mail cannot be written to ${directory}: EPERM`);
      mkdirSync(join(directory, "closed"), { mode: 0o755 });
      expect(sendAs(asNobody, join(directory, "closed/own"))).toBe(
        `MAIL_SPOOL: mail cannot be written to ${directory}/closed/own: EACCES`,
      );
      expect(sendAs(asNobody, join(directory, "own"))).toMatch(/^[\da-z]+-[\da-f]{16}$/);
      expect(statSync(join(directory, "own/queue")).uid).toBe(65534);
    } finally {
      rmSync(directory, { recursive: true });
    }
  },
);

const mounts =
  isRoot && Bun.spawnSync(["unshare", "-m", "mount", "-t", "tmpfs", "none", "/mnt"]).exitCode === 0;

test.skipIf(!mounts)(
  "[M2] a disk that is full or read-only is the caller's error, and leaves nothing in the queue",
  () => {
    const directory = mkdtempSync(join(tmpdir(), "skitai-full-"));
    const shell = (option: string, then: string): string =>
      Bun.spawnSync(
        [
          "unshare",
          "-m",
          "sh",
          "-c",
          `mount -t tmpfs -o ${option} none ${directory} && ${then}; find ${directory} -type f`,
        ],
        { env: { ...process.env, SKITAI_SPOOL: directory } },
      )
        .stdout.toString()
        .trim();
    try {
      const send = (size: number): string => `${process.execPath} ${fixture} ${size}`;
      const full = shell("size=256k", `${send(1_000_000)}; ${send(10)}`).split("\n");
      expect(full[0]).toMatch(/^MAIL_SPOOL: mail cannot be written to .*: ENOSPC$/);
      expect(full[1]).toMatch(/^[\da-z]+-[\da-f]{16}$/);
      expect(full[2]).toEndWith(`.${full[1]}`);
      expect(full).toHaveLength(3);
      const read = shell(
        "size=1m",
        `${send(10)} >/dev/null; mount -o remount,ro ${directory}; ${send(10)}`,
      ).split("\n");
      expect(read[0]).toMatch(/^MAIL_SPOOL: mail cannot be written to .*: EROFS$/);
      expect(read).toHaveLength(2);
    } finally {
      rmSync(directory, { recursive: true });
    }
  },
);

test("[M2] an agent that finds no mail, half a mail or a link under a mail's name, sends none of them, and all others", async () => {
  using spool = new TestSpool();
  await using box = await Mailbox.open();
  const at = join(spool.directory, "queue");
  const name = (): string =>
    join(at, nameOf({ due: 1, tries: 0, lane: laneOf("d", "x"), id: newId(Date.now()) }));
  const secret = join(spool.directory, "secret");
  writeFileSync(secret, "root:x:0:0");
  writeFileSync(name(), "no mail at all");
  writeFileSync(join(at, "README"), "");
  symlinkSync(secret, name());
  linkSync(secret, name());
  await mail().setSmtp(box.address).send();
  truncateSync(
    join(
      at,
      readdirSync(at).find((each) => each.includes(".s"))!,
    ),
    150,
  );
  const torn = mail().setSmtp(box.address);
  const id = await torn.send();
  // A note that a crash cut short is no note.
  appendFileSync(
    join(
      at,
      readdirSync(at).find((each) => each.endsWith(id))!,
    ),
    '{"at":1,"outcome":{"do',
  );
  await using agent = new TestAgent();
  await until(() => agent.agent.counters.delivered === 1 && agent.log.length >= 4);
  expect(box.mails).toHaveLength(1);
  expect(
    agent.log.filter((line) => /is no mail|is not whole|belongs to another|ELOOP/.test(line)),
  ).toHaveLength(4);
  expect(readdirSync(join(spool.directory, "undelivered")).length).toBe(3);
});

test.skipIf(!isRoot)("[M2] root's agent acts as the user in whose spool it is", async () => {
  const directory = mkdtempSync(join(tmpdir(), "skitai-user-"));
  try {
    chmodSync(directory, 0o777);
    const place = join(directory, "spool");
    sendAs(asNobody, place);
    const { Spool } = await import("../../src/mail/spool.ts");
    const { entryOf } = await import("../../src/mail/entry-name.ts");
    const spool = new Spool(place, 65534);
    using names = spool.names("queue");
    const entry = entryOf([...names][0]!)!;
    // What the user made of the place for undelivered mail must not lead root anywhere.
    rmSync(join(place, "undelivered"), { recursive: true });
    symlinkSync("/etc", join(place, "undelivered"));
    const claimed = spool.claim("queue", entry);
    if (claimed === undefined || claimed === "taken") throw new Error("not claimed");
    expect(() => spool.move("queue", claimed, {}, "undelivered")).toThrow(/EACCES|EXDEV/);
    claimed.file.close();
    expect(process.geteuid?.()).toBe(0);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test("[M4] a mail that is being sent is neither retried nor dropped; retry and drop know one and all", async () => {
  using _spool = new TestSpool();
  const held = Promise.withResolvers<void>();
  await using box = await Mailbox.open({
    onData: (_stream, _session, done) => void held.promise.then(() => done()),
  });
  const id = await mail().setSmtp(box.address).send();
  const others = [await mail().send(), await mail().send()];
  await using agent = new TestAgent(
    {},
    () => (to) => ({ done: [], failed: {}, deferred: Object.fromEntries(to.map((each) => [each, "later"])) }),
    1,
  );
  await until(() => box.mails.length === 1 && agent.agent.counters.deferred === 2);
  expect(
    queue()
      .map((each) => each.state)
      .sort(),
  ).toEqual(["queued", "queued", "sending"]);
  expect(() => dropMails(id)).toThrow(`mail ${id}: is being sent just now`);
  expect(() => retryMails("none-such")).toThrow("mail none-such: is not in the queue");
  expect(dropMails(others[0])).toBe(1);
  expect(retryMails(undefined)).toBe(1);
  await until(() => agent.agent.counters.deferred === 3);
  expect(dropMails(undefined)).toBe(1);
  held.resolve();
  await until(() => queue().length === 0);
});

test("[M4] undelivered mails are deleted after keep-days, not before; drafts of the dead as well", async () => {
  using spool = new TestSpool();
  const [own] = findSpools();
  const now = Math.floor(Date.now() / 1000);
  for (const age of [10, 100, 1000])
    writeFileSync(
      join(
        spool.directory,
        "undelivered",
        nameOf({ due: now - age, tries: 1, lane: laneOf("d", "x"), id: newId(Date.now()) }),
      ),
      "",
    );
  for (const [name, age] of [
    ["old", 200_000],
    ["new", 10],
  ] as const) {
    const path = join(spool.directory, "tmp", name);
    writeFileSync(path, "");
    utimesSync(path, now - age, now - age);
  }
  expect(own!.purge(now, 500)).toBe(1);
  expect(readdirSync(join(spool.directory, "undelivered"))).toHaveLength(2);
  expect(readdirSync(join(spool.directory, "tmp"))).toEqual(["new"]);
});
