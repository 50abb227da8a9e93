import { expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Email } from "../../src/mail/email.ts";
import { RunningAgent } from "../../src/process/smtpda-place.ts";
import { startAgent, stopAgent } from "../../src/process/smtpda-start.ts";
import { testClient } from "../../src/testing/index.ts";
import { command, Mailbox, queue, reply, skitai, TestSpool, until } from "./support.ts";

const mail = (subject = "s"): Email =>
  new Email(subject, "ann@example.com", "bob@example.com").addContent("text");
const log = ({ directory }: TestSpool): string => readFileSync(join(directory, "smtpda.log"), "utf8");

test("[M3] start, status, stop: once is enough, each is said, and it ends with the codes of an init script", async () => {
  using spool = new TestSpool();
  await using box = await Mailbox.open();
  try {
    expect(await skitai(["smtpda", "status"])).toEqual({
      code: 3,
      stdout: "smtpda does not run\n0 mails queued, 0 undelivered",
      stderr: "",
    });
    const started = await skitai(["smtpda", "start", "--smtp-server", box.address, "--verbose"]);
    const pid = Number(/^smtpda started, pid (\d+)$/.exec(started.stdout)?.[1]);
    expect(started.code).toBe(0);
    expect((await skitai(["smtpda", "start"])).stdout).toBe(`smtpda runs already, pid ${pid}`);
    expect(readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", "")).toBe("skitai/smtpda");
    const id = await mail().send();
    await until(() => box.mails.length === 1);
    await until(() => queue().length === 0);
    const status = JSON.parse((await skitai(["smtpda", "status", "--json"])).stdout);
    expect(status).toMatchObject({
      running: true,
      pid,
      delivered: 1,
      queue: { queued: 0, undelivered: 0 },
      spools: [spool.directory],
    });
    expect(await skitai(["smtpda", "stop"])).toEqual({ code: 0, stdout: "smtpda stopped", stderr: "" });
    expect((await skitai(["smtpda", "stop"])).stdout).toBe("smtpda does not run");
    expect(existsSync(join(spool.directory, "agent"))).toBe(false);
    expect(log(spool)).toContain(`${id} delivered to bob@example.com`);
    expect(statSync(join(spool.directory, "smtpda.log")).mode & 0o777).toBe(0o600);
  } finally {
    await stopAgent();
  }
}, 15_000);

test("[M4] queue, retry, drop", async () => {
  using _spool = new TestSpool();
  let known = false;
  await using box = await Mailbox.open({
    onRcptTo: (_address, _session, done) => done(known ? undefined : reply(550, "no such user")),
  });
  try {
    expect((await skitai(["smtpda", "queue"])).stdout).toBe("no mail waits");
    expect((await skitai(["smtpda", "queue", "--json"])).stdout).toBe("[]");
    const [one, two] = [await mail().setSmtp(box.address).send(), await mail().setSmtp(box.address).send()];
    await startAgent({});
    await until(() => queue().every(({ state }) => state === "undelivered"));
    const listed = JSON.parse((await skitai(["smtpda", "queue", "--json"])).stdout) as { id: string }[];
    expect(listed.map(({ id }) => id).sort()).toEqual([one, two].sort());
    expect((await skitai(["smtpda", "queue"])).stdout).toContain(
      "ann@example.com → bob@example.com  550 no such user",
    );
    expect((await skitai(["smtpda", "drop", two])).stdout).toBe("1 deleted");
    known = true;
    expect((await skitai(["smtpda", "retry", "all"])).stdout).toBe("1 to be tried now");
    await until(() => box.mails.length === 1);
    expect(await skitai(["smtpda", "drop", two])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`mail ${two}: is not in the queue`),
    });
    expect((await skitai(["smtpda", "retry"])).stderr).toContain("smtpda retry: the id of a mail, or all");
  } finally {
    await stopAgent();
  }
}, 15_000);

test("[M3] ~/.skitai.conf, read anew at SIGHUP; what is wrong in it changes nothing", async () => {
  using spool = new TestSpool();
  await using one = await Mailbox.open();
  await using two = await Mailbox.open();
  const home = mkdtempSync(join(tmpdir(), "skitai-home-"));
  const file = join(home, ".skitai.conf");
  const write = (text: string): void =>
    writeFileSync(file, `[other]\nx = 1\n[smtpda]\n# of the reference\n${text}`);
  const env = { HOME: home };
  try {
    write(
      `verbose = false\nmax-retry = 10\nkeep_days = 1\nsmtp-server = ${one.address}\nuser =\npassword =\nssl = false\n`,
    );
    expect((await skitai(["smtpda", "start"], env)).code).toBe(0);
    await mail("one").send();
    await until(() => one.mails.length === 1);
    write(`max-retry = many\n`);
    expect((await skitai(["smtpda", "reload"], env)).stderr).toContain(
      `${file}:5: max-retry: "many" is not accepted; accepted: an integer from 0 to 1000`,
    );
    const pid = (await RunningAgent.find()?.pid())!;
    process.kill(pid, "SIGHUP");
    await until(() => log(spool).includes("settings stay as they were"));
    write(`smtp-server = ${two.address}\n`);
    expect((await skitai(["smtpda", "reload"], env)).code).toBe(0);
    await until(() => log(spool).includes("settings are read anew"));
    await mail("two").send();
    await until(() => two.mails.length === 1);
    expect([one.subjects(), two.subjects()]).toEqual([["one"], ["two"]]);
  } finally {
    await stopAgent();
    rmSync(home, { recursive: true });
  }
}, 15_000);

test("[M3] flags go over the file; unknown ones and a spool that is none are said", async () => {
  using spool = new TestSpool();
  expect((await skitai(["smtpda", "start", "--max-retry", "-1"])).code).toBe(1);
  expect((await skitai(["smtpda", "start", "--max-rtry=1"])).stderr).toContain("did you mean --max-retry?");
  expect((await skitai(["smtpda", "strat"])).stderr).toContain(
    "strat: unknown action, known are start, stop",
  );
  const missing = { SKITAI_SPOOL: join(spool.directory, "not/there") };
  expect(await skitai(["smtpda", "start"], missing)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("mail cannot be written to"),
  });
  expect(await skitai(["smtpda"], missing)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("mail cannot be written to"),
  });
}, 15_000);

test("[M3] without an action it runs in the terminal, one for each spool", async () => {
  using _spool = new TestSpool();
  await using box = await Mailbox.open();
  const child = Bun.spawn([process.execPath, command, "smtpda", `--smtp-server=${box.address}`], {
    env: { ...process.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  try {
    await mail().send();
    await until(() => box.mails.length === 1);
    const other = await skitai(["smtpda"]);
    expect(other).toMatchObject({ code: 1, stderr: `skitai: skitai/smtpda runs already, pid ${child.pid}` });
    child.kill("SIGTERM");
    expect(await child.exited).toBe(0);
  } finally {
    child.kill("SIGKILL");
  }
}, 15_000);

test("[M3] a stop waits for the mail that is being sent", async () => {
  using _spool = new TestSpool();
  const held = Promise.withResolvers<void>();
  await using box = await Mailbox.open({
    onData: (_stream, _session, done) => void held.promise.then(() => done()),
  });
  await mail().setSmtp(box.address).send();
  try {
    await startAgent({});
    await until(() => box.mails.length === 1);
    const stopped = stopAgent();
    await until(() => RunningAgent.find() !== undefined);
    held.resolve();
    await stopped;
    expect([box.mails.length, queue()]).toEqual([1, []]);
  } finally {
    await stopAgent();
  }
});

const mounts =
  process.getuid?.() === 0 &&
  Bun.spawnSync(["unshare", "-m", "mount", "-t", "tmpfs", "none", "/mnt"]).exitCode === 0;

test.skipIf(!mounts)(
  "[M3] root's agent sends the mail of all users of the machine; each sees only its own",
  async () => {
    await using box = await Mailbox.open();
    const cli = `${process.execPath} ${command} smtpda`;
    const nobody = "setpriv --reuid=65534 --regid=65534 --clear-groups";
    const send = `${process.execPath} ${join(import.meta.dir, "fixtures/send.ts")} 10`;
    // A /var/spool and a home of its own, gone with the last process in there.
    const script = `
    mount -t tmpfs -o mode=755 none /var/spool && mount -t tmpfs -o mode=755 none /mnt && HOME=/mnt
    ${cli} start --smtp-server=${box.address} >/dev/null
    trap '${cli} stop >/dev/null' EXIT
    ${send} root@example.com; ${nobody} ${send} nobody@example.com
    ${nobody} ${cli} start; ${nobody} ${cli} status | head -1
    ${nobody} ls /var/spool/skitai/smtpda/0 2>&1 | sed 's/.*: //'
    stat -c '%a %U' /var/spool/skitai/smtpda /var/spool/skitai/smtpda/65534
    while [ -n "$(ls /var/spool/skitai/smtpda/65534/queue /var/spool/skitai/smtpda/0/queue | grep -- -)" ]; do sleep 0.1; done`;
    const env = { ...process.env, SKITAI_SPOOL: undefined };
    const run = Bun.spawn(["unshare", "-m", "sh", "-c", script], {
      env,
      stdio: ["ignore", "pipe", "inherit"],
      timeout: 12_000,
    });
    const lines = (await run.stdout.text()).trim().split("\n");
    await run.exited;
    const pid = /pid (\d+)/.exec(lines[2]!)?.[1];
    expect(lines.slice(2)).toEqual([
      `smtpda runs already, pid ${pid}`,
      `smtpda of this system runs, pid ${pid}`,
      "Permission denied",
      "1777 root",
      "700 nobody",
    ]);
    expect(box.mails.flatMap(({ to }) => to).sort()).toEqual(["nobody@example.com", "root@example.com"]);
  },
  15_000,
);

test("[O5] --smtpda starts the agent when none runs; it stays when the app ends", async () => {
  using spool = new TestSpool();
  await using box = await Mailbox.open();
  const app = join(import.meta.dir, "fixtures/app.ts");
  const options = { args: ["--smtpda"], env: { SKITAI_SPOOL: spool.directory, TEST_SMTP: box.address } };
  try {
    {
      await using client = await testClient(app, undefined, options);
      expect((await client.get("/?to=bob@example.com")).status).toBe(200);
      await until(() => box.mails.length === 1);
      const refused = await client.get("/?to=nobody");
      expect(refused.status).toBe(500);
    }
    const pid = await RunningAgent.find()?.pid();
    expect(pid).toBeGreaterThan(0);
    await using client = await testClient(app, undefined, options);
    await client.get("/?to=cy@example.com");
    await until(() => box.mails.length === 2);
    expect(await RunningAgent.find()?.pid()).toBe(pid);
  } finally {
    await stopAgent();
  }
}, 15_000);
