import { type SmtpArguments, smtpArguments, type SmtpServer } from "./smtp-server.ts";

let server: SmtpServer | undefined;

/** The server of mails that name none; without one the agent's. The script runs in every process, so each has it. Spec M1. */
export function setDefaultServer(...given: SmtpArguments | []): void {
  server = given.length === 0 ? undefined : smtpArguments("setSmtp", ...given);
}

export const defaultServer = (): SmtpServer | undefined => server;
