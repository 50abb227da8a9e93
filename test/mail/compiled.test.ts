import { expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { copyFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { RunningAgent } from "../../src/process/smtpda-place.ts";
import { stopAgent } from "../../src/process/smtpda-start.ts";
import { testClient } from "../../src/testing/index.ts";
import { Mailbox, skitai, TestSpool, until } from "./support.ts";

test("[M3] an executable starts itself as the agent, and sends", async () => {
  using spool = new TestSpool();
  await using box = await Mailbox.open();
  const directory = realpathSync(mkdtempSync(join(tmpdir(), "skitai-mail-build-")));
  try {
    mkdirSync(join(directory, "node_modules"));
    symlinkSync(resolve(import.meta.dir, "../.."), join(directory, "node_modules/skitai"));
    copyFileSync(join(import.meta.dir, "fixtures/app.ts"), join(directory, "app.ts"));
    const outfile = join(directory, "app");
    expect(await skitai(["build", join(directory, "app.ts"), "--outfile", outfile])).toMatchObject({
      code: 0,
    });
    const env = { SKITAI_SPOOL: spool.directory, TEST_SMTP: box.address, NODE_ENV: undefined };
    await using client = await testClient(outfile, undefined, { args: ["--smtpda"], env });
    expect((await client.get("/?to=bob@example.com")).status).toBe(200);
    await until(() => box.mails.length === 1);
    const pid = await RunningAgent.find()?.pid();
    expect(readFileSync(`/proc/${pid}/comm`, "utf8").trim()).toBe("skitai/smtpda");
    const { stdout } = Bun.spawnSync(["readlink", `/proc/${pid}/exe`]);
    expect(stdout.toString().trim()).toBe(outfile);
  } finally {
    await stopAgent();
    rmSync(directory, { recursive: true, force: true });
  }
}, 60_000);
