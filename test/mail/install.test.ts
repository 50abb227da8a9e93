import { expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { command, Mailbox, skitai, TestSpool, until } from "./support.ts";

const verifies = Bun.which("systemd-analyze") !== null;
const unitPath = (root: string): string => join(root, "etc/systemd/system/skitai-smtpda.service");

test("[Y1] smtpda install writes a unit, remove takes it away; one of somebody else stays", async () => {
  const root = mkdtempSync(join(tmpdir(), "smtpda-install-"));
  try {
    const made = await skitai([
      "smtpda",
      "install",
      `--root=${root}`,
      "--smtp-server=mail.example.com:25",
      "--max-retry=5",
    ]);
    expect(made).toEqual({ code: 0, stdout: `smtpda is installed as ${unitPath(root)}`, stderr: "" });
    const unit = readFileSync(unitPath(root), "utf8");
    expect(unit).toContain(
      `ExecStart=${process.execPath} ${command} smtpda --max-retry=5 --smtp-server=mail.example.com:25\n`,
    );
    expect(unit).toContain("Type=notify\n");
    expect(unit).toContain("User=root\n");
    expect(unit).toContain("ReadWritePaths=-/var/spool/skitai/smtpda\n");
    if (verifies) {
      const check = Bun.spawnSync(["systemd-analyze", "verify", "--man=no", unitPath(root)]);
      expect([check.exitCode, check.stderr.toString()]).toEqual([0, ""]);
    }
    const secret = await skitai([
      "smtpda",
      "install",
      `--root=${root}`,
      "--smtp-server=x",
      "--user=me",
      "--password=hunter2",
    ]);
    expect(secret).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("put password and token into ~/.skitai.conf"),
    });
    expect((await skitai(["smtpda", "remove", `--root=${root}`])).stdout).toBe("smtpda is removed");
    expect((await skitai(["smtpda", "remove", `--root=${root}`])).stdout).toBe("smtpda is not installed");
    mkdirSync(dirname(unitPath(root)), { recursive: true });
    writeFileSync(unitPath(root), "[Service]\n");
    expect((await skitai(["smtpda", "remove", `--root=${root}`])).stderr).toContain("is not skitai's");
    expect(existsSync(unitPath(root))).toBe(true);
  } finally {
    rmSync(root, { recursive: true });
  }
}, 15_000);

test("[Y1] it says READY, signs of life and STOPPING to systemd", async () => {
  using spool = new TestSpool();
  await using box = await Mailbox.open();
  const path = join(spool.directory, "notify");
  const listener = Bun.spawn(
    [
      "python3",
      "-uc",
      "import socket,sys\ns=socket.socket(socket.AF_UNIX,socket.SOCK_DGRAM)\ns.bind(sys.argv[1])\nprint('bound')\nwhile True: print(s.recv(9999).decode().replace('\\n',' '))",
      path,
    ],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const lines: string[] = [];
  void (async () => {
    const decoder = new TextDecoder();
    for await (const chunk of listener.stdout)
      lines.push(...decoder.decode(chunk).split("\n").filter(Boolean));
  })();
  await until(() => lines.includes("bound"));
  const env = { ...process.env, NOTIFY_SOCKET: path, WATCHDOG_USEC: "200000" };
  const agent = Bun.spawn([process.execPath, command, "smtpda", `--smtp-server=${box.address}`], {
    env,
    stdio: ["ignore", "ignore", "inherit"],
  });
  try {
    await until(() => lines.includes(`READY=1 MAINPID=${agent.pid} STATUS=sends mail`));
    await until(() => lines.filter((line) => line === "WATCHDOG=1").length > 1);
    agent.kill("SIGTERM");
    expect(await agent.exited).toBe(0);
    await until(() => lines.includes("STOPPING=1 STATUS=stopping"));
  } finally {
    agent.kill("SIGKILL");
    listener.kill("SIGKILL");
  }
}, 15_000);
