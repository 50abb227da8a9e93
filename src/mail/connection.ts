import type { Readable } from "node:stream";
import SMTPConnection, { type SMTPConnectionAuth } from "nodemailer/lib/smtp-connection";
import { type Outcome } from "./envelope.ts";
import { isServerFailure, outcomeOf, rejected, type SmtpFailure } from "./smtp-failure.ts";
import type { SmtpServer } from "./smtp-server.ts";

/** A connection that has nothing to do is closed after this time (ms), before most servers do it. */
const idleTime = 10_000;
const connectTime = 30_000;

/** What is sent over it. */
export interface Letter {
  readonly from: string;
  readonly to: readonly string[];
  /** Bytes. */
  readonly size: number;
  message(started: () => void): Readable;
}

/** One connection to a server, used for one mail after the other. Spec M5. */
export class Connection {
  readonly #smtp: SMTPConnection;
  readonly #closed: (connection: Connection) => void;
  #idle: NodeJS.Timeout | undefined;
  #open = true;
  #used = 0;
  /** Told of the end while the answer to RSET is waited for. */
  #ended: (() => void) | undefined;

  private constructor(smtp: SMTPConnection, closed: (connection: Connection) => void) {
    this.#smtp = smtp;
    this.#closed = closed;
    const end = (): void => this.#end();
    smtp.on("error", end);
    smtp.on("end", end);
  }

  /**
   * @param name what EHLO says
   * @throws SmtpFailure
   */
  static async open(
    server: SmtpServer,
    name: string,
    closed: (connection: Connection) => void,
  ): Promise<Connection> {
    const smtp = new SMTPConnection({
      host: server.host,
      port: server.port,
      secure: server.ssl,
      name,
      requireTLS: server.starttls === "required",
      ignoreTLS: server.starttls === "never",
      connectionTimeout: Math.min(connectTime, server.timeout * 1000),
      greetingTimeout: server.timeout * 1000,
      socketTimeout: server.timeout * 1000,
      socketCloseTimeout: 1000,
      dnsTimeout: connectTime,
      allowInternalNetworkInterfaces: true,
      tls: { rejectUnauthorized: server.verify, ...(server.ca === undefined ? {} : { ca: server.ca }) },
    });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    smtp.on("error", reject);
    smtp.once("end", () => reject(new Error("the server closed the connection")));
    smtp.connect((error) => (error ? reject(error) : resolve()));
    try {
      await promise;
      await login(smtp, server);
    } catch (error) {
      smtp.close();
      throw error;
    }
    return new Connection(smtp, closed);
  }

  get open(): boolean {
    return this.#open;
  }

  /**
   * Delivers; never throws. `again` is true when the mail was not begun to be sent, on a connection that was used before: it may
   * have been closed meanwhile, and another one will do.
   */
  async send({
    from,
    to,
    size,
    message,
  }: Letter): Promise<{ outcome: Outcome; trouble?: SmtpFailure; again: boolean }> {
    clearTimeout(this.#idle);
    let begun = false;
    const stream = message(() => void (begun = true));
    const { promise, resolve } = Promise.withResolvers<{
      failure?: SmtpFailure;
      refused?: readonly SmtpFailure[];
    }>();
    this.#smtp.send({ from, to: [...to], size }, stream, (error, info) =>
      resolve(
        error
          ? { failure: error as SmtpFailure }
          : { refused: (info?.rejectedErrors ?? []) as SmtpFailure[] },
      ),
    );
    const { failure, refused = [] } = await promise;
    stream.destroy();
    this.#used += 1;
    if (failure === undefined) {
      this.#wait();
      return { outcome: rejected(refused, to), again: false };
    }
    const outcome = outcomeOf(failure, to);
    if (isServerFailure(failure) || failure.code === "ESTREAM") {
      this.close();
      return {
        outcome,
        trouble: failure,
        again: this.#used > 1 && !begun && failure.responseCode === undefined,
      };
    }
    await this.#reset();
    return { outcome, again: false };
  }

  close(): void {
    if (!this.#open) return;
    this.#smtp.close();
    this.#end();
  }

  quit(): void {
    if (!this.#open) return;
    this.#end();
    this.#smtp.quit();
  }

  /** RFC 5321 4.1.1.5: what the last mail left behind is gone. */
  async #reset(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.#ended = () => resolve(false);
    this.#smtp.reset((error) => resolve(!error));
    const good = await promise;
    this.#ended = undefined;
    if (good && this.#open) this.#wait();
    else this.close();
  }

  #wait(): void {
    this.#idle = setTimeout(() => this.quit(), idleTime);
  }

  #end(): void {
    clearTimeout(this.#idle);
    if (!this.#open) return;
    this.#open = false;
    this.#ended?.();
    this.#closed(this);
  }
}

async function login(smtp: SMTPConnection, server: SmtpServer): Promise<void> {
  const { user, password, oauth2, auth } = server;
  if (user === undefined) return;
  const data: SMTPConnectionAuth =
    oauth2 === undefined
      ? { user, pass: password ?? "", method: auth ?? false }
      : { type: "OAUTH2", user, method: "XOAUTH2", oauth2: await tokens(user, oauth2) };
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  smtp.once("end", () => reject(new Error("the server closed the connection")));
  smtp.login(data, (error) => (error ? reject(error) : resolve()));
  await promise;
}

async function tokens(user: string, options: NonNullable<SmtpServer["oauth2"]>) {
  const { default: XOAuth2 } = await import("nodemailer/lib/xoauth2");
  return new XOAuth2({ user, ...options });
}
