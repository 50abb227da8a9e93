import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { SMTPServer, type SMTPServerOptions } from "smtp-server";
import { Agent } from "../../src/mail/agent.ts";
import { type AgentFlags, agentSettings } from "../../src/mail/agent-settings.ts";
import { Delivery } from "../../src/mail/delivery.ts";
import type { Exchangers } from "../../src/mail/exchangers.ts";
import { makeSpool } from "../../src/mail/place.ts";
import { type QueuedMail, queuedMails } from "../../src/mail/queue.ts";

const root = resolve(import.meta.dir, "../..");
export const command = join(root, "cli/main.ts");

/** A spool of its own, named by the environment of this process and of those that it starts. */
export class TestSpool implements Disposable {
  readonly directory = realpathSync(mkdtempSync(join(tmpdir(), "skitai-spool-")));
  readonly #before = { SKITAI_SPOOL: process.env["SKITAI_SPOOL"], HOME: process.env["HOME"] };

  constructor() {
    process.env["SKITAI_SPOOL"] = this.directory;
    // A ~/.skitai.conf of whoever runs the tests has no say.
    process.env["HOME"] = this.directory;
    makeSpool();
  }

  [Symbol.dispose](): void {
    for (const [name, value] of Object.entries(this.#before))
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    rmSync(this.directory, { recursive: true, force: true });
  }
}

export interface Received {
  readonly from: string;
  readonly to: readonly string[];
  readonly text: string;
  /** Which connection brought it. */
  readonly session: string;
  readonly secure: boolean;
  readonly user: string | undefined;
}

/** A real SMTP server on a free port; what it does is in its options. */
export class Mailbox implements AsyncDisposable {
  readonly mails: Received[] = [];
  connections = 0;
  readonly #server: SMTPServer;

  private constructor(options: SMTPServerOptions) {
    this.#server = new SMTPServer({
      authOptional: true,
      disableReverseLookup: true,
      ...(options.cert === undefined ? { disabledCommands: ["STARTTLS"] } : {}),
      ...options,
      onConnect: (session, callback) => {
        this.connections += 1;
        if (options.onConnect) options.onConnect.call(this.#server, session, callback);
        else callback();
      },
      onData: (stream, session, callback) => {
        const chunks: Buffer[] = [];
        stream.on("data", (chunk: Buffer) => chunks.push(chunk));
        stream.on("end", () => {
          const { mailFrom, rcptTo } = session.envelope;
          this.mails.push({
            from: mailFrom === false ? "" : mailFrom.address,
            to: rcptTo.map(({ address }) => address),
            text: Buffer.concat(chunks).toString(),
            session: session.id,
            secure: session.secure,
            user: session.user as unknown as string | undefined,
          });
          if (options.onData) options.onData.call(this.#server, stream, session, callback);
          else callback();
        });
      },
    });
    // A client that goes away is none of the test's business.
    this.#server.on("error", () => {});
  }

  static async open(options: SMTPServerOptions = {}, port = 0): Promise<Mailbox> {
    const box = new Mailbox(options);
    await new Promise<void>((done) => box.#server.listen(port, "127.0.0.1", done));
    return box;
  }

  get port(): number {
    return (this.#server.server.address() as AddressInfo).port;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  subjects(): string[] {
    return this.mails.map(({ text }) => /^Subject: (.*)$/m.exec(text)?.[1]?.trim() ?? "").sort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((done) => this.#server.close(done));
  }
}

/** An SMTP reply as smtp-server gives it. */
export const reply = (code: number, text: string): Error =>
  Object.assign(new Error(text), { responseCode: code });

/** An agent in this process, with its log. */
export class TestAgent implements AsyncDisposable {
  readonly log: string[] = [];
  readonly agent: Agent;

  /** @param exchangers by domain, on the port that is given */
  constructor(flags: AgentFlags = {}, exchangers?: (domain: string) => Exchangers, port?: number) {
    const settings = agentSettings(flags, () => {}, "/dev/null");
    const delivery = exchangers && new Delivery(settings, async (domain) => exchangers(domain), port);
    this.agent = new Agent(settings, (text) => this.log.push(text), delivery);
    this.agent.start();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.agent.stop(1);
  }
}

export const queue = (): QueuedMail[] => [...queuedMails()];

/** Polls until `look` gives something, so many seconds at most. */
export async function until<T>(look: () => T | undefined | false, seconds = 4): Promise<T> {
  for (const end = Bun.nanoseconds() + seconds * 1e9; ; await Bun.sleep(5)) {
    const found = look();
    if (found !== undefined && found !== false) return found;
    if (Bun.nanoseconds() > end) throw new Error(`not within ${seconds} s: ${look}`);
  }
}

/** `skitai …` to its end. */
export async function skitai(
  words: readonly string[],
  env: Record<string, string | undefined> = {},
  before: readonly string[] = [],
): Promise<{ code: number; stdout: string; stderr: string }> {
  const child = Bun.spawn([...before, process.execPath, command, ...words], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 30_000,
  });
  const [stdout, stderr, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return { code, stdout: stdout.trim(), stderr: Bun.stripANSI(stderr).trim() };
}
