import { expect, test } from "bun:test";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { Email } from "../../src/mail/email.ts";
import { RunningAgent } from "../../src/process/smtpda-place.ts";
import { startAgent, stopAgent } from "../../src/process/smtpda-start.ts";
import { countMails } from "../../src/mail/queue.ts";
import { Mailbox, TestSpool, until } from "./support.ts";

const mails = 1000;
const kills = 10;

test("[M4] an agent that is killed ten times loses no mail, and doubles at most one each time", async () => {
  using _spool = new TestSpool();
  await using box = await Mailbox.open();
  for (let index = 0; index < mails; index += 1)
    await new Email(`m${index}`, "ann@example.com", "bob@example.com")
      .setSmtp(box.address)
      .addContent("text")
      .send();
  try {
    for (let kill = 0; kill < kills; kill += 1) {
      const { pid, started } = await startAgent({ "retry-after": "1s" });
      expect(started).toBe(true);
      // Somewhere among the mails of this run, wherever it is then.
      const goal = box.mails.length + 20 + Math.floor(Math.random() * 50);
      await until(() => box.mails.length >= goal, 10);
      process.kill(pid, "SIGKILL");
      await until(() => RunningAgent.find() === undefined);
    }
    expect(new Set(box.subjects()).size).toBeLessThan(mails);
    await startAgent({ "retry-after": "1s" });
    await until(() => countMails().queued === 0, 20);
    expect(new Set(box.subjects()).size).toBe(mails);
    expect(box.mails.length - mails).toBeLessThanOrEqual(kills);
    expect(countMails()).toEqual({ queued: 0, undelivered: 0 });
  } finally {
    await stopAgent();
  }
}, 60_000);

test("[M2] a process that is killed while it sends leaves no part of a mail in the queue", async () => {
  using spool = new TestSpool();
  const fixture = join(import.meta.dir, "fixtures/send.ts");
  const drafts = (): string[] => readdirSync(join(spool.directory, "tmp"));
  const child = Bun.spawn([process.execPath, fixture, "60000000"], {
    env: { ...process.env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  await until(() => drafts().some((name) => statSync(join(spool.directory, "tmp", name)).size > 0), 10);
  child.kill("SIGKILL");
  await child.exited;
  // Either it was not whole yet, or all of it is there.
  const [name] = drafts();
  expect(countMails().queued).toBe(name === undefined ? 1 : 0);
  await new Email("after", "ann@example.com", "bob@example.com").send();
  expect(countMails().queued).toBe(name === undefined ? 2 : 1);
});
