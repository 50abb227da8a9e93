import type { TlsSetup } from "../tls/setup.ts";
import type { CertificatesMessage, WorkerMessage } from "./messages.ts";

/**
 * Asks the master for certificates and keys. They come over the IPC channel: an environment could be read in /proc, and a
 * worker need not be allowed to read the files.
 */
export function askForCertificates(): Promise<TlsSetup> {
  const { promise, resolve } = Promise.withResolvers<TlsSetup>();
  const take = (message: unknown): void => {
    if (!isAnswer(message)) return;
    process.off("message", take);
    resolve(message.setup);
  };
  process.on("message", take);
  const question: WorkerMessage = { type: "certificates" };
  process.send?.(question);
  return promise;
}

const isAnswer = (message: unknown): message is CertificatesMessage =>
  typeof message === "object" && message !== null && "type" in message && message.type === "certificates";
