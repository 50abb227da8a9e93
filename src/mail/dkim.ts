import type { Readable } from "node:stream";
import DKIM from "nodemailer/lib/dkim";

/** What signs a mail. RFC 6376. */
export interface DkimOptions {
  domain: string;
  selector: string;
  /** PEM text. */
  privateKey: string;
}

/** The message with a signature in front. RFC 6376. */
export const signed = (message: Readable, { domain, selector, privateKey }: DkimOptions): Readable =>
  new DKIM({ domainName: domain, keySelector: selector, privateKey }).sign(message);
