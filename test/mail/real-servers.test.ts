import { expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Email } from "../../src/mail/email.ts";
import { pythonWith } from "../support/python.ts";
import { queue, TestAgent, TestSpool, until } from "./support.ts";

/** Postfix's server for tests: its own protocol engine, without the rest of Postfix. */
const sink = Bun.which("smtp-sink") ?? Bun.which("smtp-sink", { PATH: "/usr/sbin" });
const python = await pythonWith(["aiosmtpd==1.4.6"]);

const freePort = async (): Promise<number> => {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as { port: number };
  await new Promise((done) => server.close(done));
  return port;
};

/** Resolves when something listens there. */
async function listens(port: number): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    const socket = connect(port, "127.0.0.1");
    const { promise, resolve } = Promise.withResolvers<boolean>();
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    const there = await promise;
    socket.destroy();
    if (there) return;
    if (tries > 500) throw new Error("does not listen");
    await Bun.sleep(10);
  }
}

class Server implements AsyncDisposable {
  readonly address: string;
  readonly #child: Bun.Subprocess;
  private constructor(address: string, child: Bun.Subprocess) {
    this.address = address;
    this.#child = child;
  }

  static async start(command: (port: number) => string[], env: Record<string, string> = {}): Promise<Server> {
    const port = await freePort();
    const child = Bun.spawn(command(port), {
      env: { ...process.env, ...env },
      stdio: ["ignore", "ignore", "ignore"],
    });
    try {
      await listens(port);
    } catch (error) {
      child.kill("SIGKILL");
      throw error;
    }
    return new Server(`127.0.0.1:${port}`, child);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.exited;
  }
}

const postfix = (...options: string[]): Promise<Server> =>
  Server.start((port) =>
    [sink!, "-u", process.getuid?.() === 0 ? "nobody" : "", ...options, `127.0.0.1:${port}`, "100"].filter(
      Boolean,
    ),
  );
const mail = (to: string | string[] = "bob@example.com"): Email =>
  new Email("s", "ann@example.com", to).addContent("text\n.\nafter a dot");

test.skipIf(sink === null)(
  "[M5] Postfix's smtp-sink takes what is sent, with pipelining and without",
  async () => {
    for (const options of [[], ["-p"], ["-e"]]) {
      using _spool = new TestSpool();
      await using server = await postfix(...options);
      for (let index = 0; index < 20; index += 1)
        await mail(["a@example.com", "b@example.com"]).setSmtp(server.address).send();
      await using agent = new TestAgent();
      await until(() => agent.agent.counters.delivered === 20);
      expect(queue()).toEqual([]);
    }
  },
);

test.skipIf(sink === null)(
  "[M4] smtp-sink refuses for now, for good, and goes away, at each command",
  async () => {
    const tries: [options: string[], end: "deferred" | "undelivered", words: RegExp][] = [
      [["-r", "mail"], "deferred", /^450 /],
      [["-r", "rcpt"], "deferred", /^450 /],
      [["-r", "data"], "deferred", /^450 /],
      [["-r", "."], "deferred", /^450 /],
      [["-r", "connect"], "deferred", /4\d\d /],
      [["-f", "rcpt"], "undelivered", /^500 /],
      [["-f", "."], "undelivered", /^500 /],
      [["-f", "connect"], "deferred", /5\d\d /],
      [["-q", "rcpt"], "deferred", /clos/i],
      [["-q", "."], "deferred", /clos/i],
    ];
    for (const [options, end, words] of tries) {
      using _spool = new TestSpool();
      await using server = await postfix(...options);
      await mail().setSmtp(server.address).send();
      await using agent = new TestAgent();
      await until(() => agent.agent.counters.deferred + agent.agent.counters.undelivered === 1);
      expect([options, agent.agent.counters[end]]).toEqual([options, 1]);
      expect(Object.values(queue()[0]!.words)[0]).toMatch(words);
    }
  },
);

const program = `
import asyncio, sys
from aiosmtpd.controller import Controller
seen = set()
class Grey:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address not in seen:
            seen.add(address)
            return "451 4.7.1 greylisted, try again later"
        envelope.rcpt_tos.append(address)
        return "250 ok"
    async def handle_DATA(self, server, session, envelope):
        await asyncio.sleep(0.3)
        with open(sys.argv[2] + "/" + str(len(seen)), "wb") as out:
            out.write(envelope.content)
        return "250 taken"
controller = Controller(Grey(), hostname="127.0.0.1", port=int(sys.argv[1]))
controller.start()
asyncio.new_event_loop().run_forever()`;

test.skipIf(python === undefined)(
  "[M4] aiosmtpd greylists and is slow: delivered at the second try, whole",
  async () => {
    using _spool = new TestSpool();
    const directory = mkdtempSync(join(tmpdir(), "skitai-aiosmtpd-"));
    try {
      await using server = await Server.start((port) => ["python3", "-c", program, String(port), directory], {
        PYTHONPATH: python!,
      });
      await mail().setSmtp(server.address).send();
      await using agent = new TestAgent({ "retry-after": "1s" });
      await until(() => agent.agent.counters.delivered === 1);
      expect(agent.agent.counters).toEqual({ delivered: 1, deferred: 1, undelivered: 0 });
      expect(agent.log[0]).toContain("451 4.7.1 greylisted, try again later");
      const [file] = readdirSync(directory);
      expect(readFileSync(join(directory, file!), "latin1")).toEndWith("text\r\n.\r\nafter a dot\r\n");
    } finally {
      rmSync(directory, { recursive: true });
    }
  },
);
