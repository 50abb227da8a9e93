import { setDefaultServer } from "../mail/default-server.ts";
import type { SmtpArguments } from "../mail/smtp-server.ts";

/**
 * The mail server of mails that name none by their own `setSmtp`. Without it the agent decides. Spec M1.
 * ```ts
 * skitai.setSmtp("mail.example.com:465", "robot", process.env.SMTP_PASSWORD, true);
 * skitai.setSmtp({ server: "mail.example.com:587", user: "robot", password: process.env.SMTP_PASSWORD, starttls: "required" });
 * ```
 * @throws SkitaiError OPTION_INVALID, OPTION_UNKNOWN
 */
export const setSmtp = (...server: SmtpArguments): void => setDefaultServer(...server);
