import { statSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { basename } from "node:path";
import type { Readable } from "node:stream";
import type { MailComposerAttachment, MailComposerOptions } from "nodemailer/lib/mail-composer";
import { abspath } from "../config/paths.ts";
import { SkitaiError } from "../errors.ts";
import { addressesOf, oneLine } from "./address.ts";
import { defaultServer } from "./default-server.ts";
import type { DkimOptions } from "./dkim.ts";
import { textOfHtml } from "./html-text.ts";
import { type SmtpArguments, smtpArguments, type SmtpServer } from "./smtp-server.ts";

/** How an attachment is shown. */
export interface AttachmentOptions {
  /** The name that `<img src="cid:…">` has for it. */
  cid?: string;
  /** File name, default that of the path. */
  name?: string;
  /** Media type, default by the file name. */
  type?: string;
}

/** Headers that nodemailer has fields for: it encodes their addresses, and takes recipients from them. */
const fields = {
  cc: "cc",
  bcc: "bcc",
  "reply-to": "replyTo",
  sender: "sender",
  "in-reply-to": "inReplyTo",
  references: "references",
  "message-id": "messageId",
  date: "date",
} as const satisfies Record<string, keyof MailComposerOptions>;
/** What the mail itself says. */
const settled = /^(?:subject|from|to|mime-version|content-.*)$/i;

/**
 * A mail that is being written: `was.email("Hello", "Ann <ann@example.com>", "bob@example.com")`. Spec M1.
 * ```ts
 * const mail = was.email("Hello", "ann@example.com", ["bob@example.com", "cy@example.com"]);
 * mail.addContent("<p>Hello <img src='cid:LOGO'></p>", "text/html");
 * mail.addAttachment("logo.png", { cid: "LOGO" });
 * const id = await mail.send();
 * ```
 * A mail with HTML and no text gets text made from the HTML.
 */
export class Email {
  readonly #mail: MailComposerOptions;
  readonly #from: string;
  readonly #to: Set<string>;
  readonly #attachments: MailComposerAttachment[] = [];
  readonly #headers: { key: string; value: string }[] = [];
  #server: SmtpServer | undefined;
  #dkim: DkimOptions | undefined;

  /** @throws SkitaiError MAIL_INVALID for text of several lines, and addresses that are none */
  constructor(subject: string, from: string, to: string | readonly string[]) {
    const [sender, more] = addressesOf("from", from);
    if (sender === undefined || more !== undefined)
      throw new SkitaiError("MAIL_INVALID", { name: "from", value: from, accepted: "one address" });
    this.#from = sender;
    this.#to = new Set(addressesOf("to", to));
    this.#mail = {
      subject: oneLine("subject", subject),
      from,
      to: [...(typeof to === "string" ? [to] : to)],
      attachments: this.#attachments,
      headers: this.#headers,
      disableUrlAccess: true,
    };
  }

  /**
   * The server that delivers it, instead of the one of `skitai.setSmtp` and that of the agent. The password waits in the
   * spool, in a file that only this user can read.
   * @throws SkitaiError OPTION_INVALID
   */
  setSmtp(...given: SmtpArguments): this {
    this.#server = smtpArguments("setSmtp", ...given);
    return this;
  }

  /** `Cc`, `Bcc` and `Reply-To` among them; the same name again is one header more, except of those. */
  setHeader(name: string, value: string): this {
    if (!/^[\w-]{1,76}$/.test(name) || settled.test(name))
      throw new SkitaiError("MAIL_INVALID", {
        name: "header",
        value: name,
        accepted: "the name of one that the mail has not by itself",
      });
    const text = oneLine(name, value);
    const key = name.toLowerCase();
    const field = fields[key as keyof typeof fields];
    if (["cc", "bcc", "reply-to", "sender"].includes(key)) {
      const addresses = addressesOf(name, text);
      if (key === "cc" || key === "bcc") for (const address of addresses) this.#to.add(address);
    }
    if (field === undefined) this.#headers.push({ key: name, value: text });
    else this.#mail[field] = text;
    return this;
  }

  /**
   * The text of the mail, or its HTML; the same kind again goes behind what is there.
   * @param type default `text/plain`; other types become attachments without a name
   */
  addContent(text: string, type = "text/plain"): this {
    if (typeof text !== "string")
      throw new SkitaiError("MAIL_INVALID", { name: "addContent", value: text, accepted: "text" });
    const kind = oneLine("type", type).split(";")[0]!.trim().toLowerCase();
    if (kind === "text/plain") this.#mail.text = joined(this.#mail.text, text);
    else if (kind === "text/html") this.#mail.html = joined(this.#mail.html, text);
    else if (isMediaType(kind))
      this.#attachments.push({
        content: text,
        contentType: type,
        filename: false,
        contentDisposition: "inline",
      });
    else
      throw new SkitaiError("MAIL_INVALID", {
        name: "addContent",
        value: type,
        accepted: 'a media type like "text/html"',
      });
    return this;
  }

  /**
   * @param content the path of a file, from the script's directory on, that is read when the mail is sent; or the bytes
   * @throws SkitaiError MAIL_INVALID when there is no such file
   */
  addAttachment(content: string | Uint8Array, { cid, name, type }: AttachmentOptions = {}): this {
    const source =
      typeof content === "string" ? { path: readable(content) } : { content: Buffer.from(content) };
    if (type !== undefined && !isMediaType(type))
      throw new SkitaiError("MAIL_INVALID", {
        name: "attachment",
        value: type,
        accepted: 'a media type like "image/png"',
      });
    if (cid !== undefined && !/^[^\s<>]{1,200}$/.test(cid))
      throw new SkitaiError("MAIL_INVALID", { name: "cid", value: cid, accepted: "text without blanks" });
    this.#attachments.push({
      ...source,
      filename: oneLine(
        "attachment",
        name ?? (typeof content === "string" ? basename(content) : (cid ?? "attachment")),
      ),
      ...(cid === undefined ? {} : { cid }),
      ...(type === undefined ? {} : { contentType: type }),
    });
    return this;
  }

  /** Signs it when it is sent; the key stays here. */
  setDkim(options: DkimOptions): this {
    this.#dkim = { ...options };
    return this;
  }

  /**
   * Gives it to the agent. Mails wait in the spool until an agent runs: see `--smtpda`.
   * @returns its id, when it is durable. Spec M2.
   * @throws SkitaiError MAIL_SPOOL when it cannot be kept; MAIL_INVALID when an attachment cannot be read
   */
  async send(): Promise<string> {
    if (this.#to.size === 0)
      throw new SkitaiError("MAIL_INVALID", { name: "to", accepted: "one address or more" });
    const server = this.#server ?? defaultServer();
    const { store } = await import("./store.ts");
    const parts = { from: this.#from, to: [...this.#to], ...(server === undefined ? {} : { server }) };
    return store(parts, await this.#compose());
  }

  /** Writes the message (RFC 5322) to a file, and sends nothing. */
  async save(path: string): Promise<void> {
    await writeFile(abspath(path), await this.#compose());
  }

  async #compose(): Promise<Readable> {
    const { default: MailComposer } = await import("nodemailer/lib/mail-composer");
    const { html, text } = this.#mail;
    const made = typeof html === "string" && text === undefined ? { text: textOfHtml(html) } : {};
    const message = new MailComposer({ ...this.#mail, ...made }).compile().createReadStream();
    const signed =
      this.#dkim === undefined ? message : (await import("./dkim.ts")).signed(message, this.#dkim);
    // Whoever reads it has one error for all that is wrong inside.
    return translated(signed);
  }
}

function joined(before: MailComposerOptions["text"], text: string): string {
  return typeof before === "string" ? `${before}${text}` : text;
}

const isMediaType = (text: string): boolean => /^[\w.+-]+\/[\w.+-]+(?:;[^\r\n\0]*)?$/.test(text);

function readable(path: string): string {
  const file = abspath(oneLine("attachment", path));
  if (!statSync(file, { throwIfNoEntry: false })?.isFile())
    throw new SkitaiError("MAIL_INVALID", { name: "attachment", value: file, accepted: "a file" });
  return file;
}

function translated(message: Readable): Readable {
  const { PassThrough } = process.getBuiltinModule("node:stream");
  const out = new PassThrough();
  // It may fail before anybody reads it; who does is told then.
  out.on("error", () => {});
  message.once("error", (cause: NodeJS.ErrnoException) =>
    out.destroy(
      new SkitaiError("MAIL_INVALID", {
        name: "attachment",
        accepted: `a file that can be read (${cause.code ?? cause.message})`,
        cause,
      }),
    ),
  );
  out.once("close", () => message.destroy());
  return message.pipe(out);
}
