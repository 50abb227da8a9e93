import { SkitaiError } from "../errors.ts";

/** Codes that the engine says for itself. */
const own = new Set([1001, 1003, 1007, 1008, 1009, 1011, 1013]);

/** @throws SkitaiError OPTION_INVALID for a code that may not be sent (RFC 6455 §7.4) */
export function checkCode(code: number): void {
  if (code === 1000 || (code >= 3000 && code <= 4999) || own.has(code)) return;
  throw new SkitaiError("OPTION_INVALID", {
    name: "close code",
    value: code,
    accepted: "1000, or 3000 to 4999",
  });
}

/** UTF-8 has at most three bytes for a character of JavaScript. */
export const isLonger = (message: string | Buffer, most: number): boolean =>
  typeof message !== "string"
    ? message.length > most
    : message.length > most || (message.length * 3 > most && Buffer.byteLength(message) > most);

/** A close frame has room for 123 bytes (RFC 6455 §5.5). */
export function shortened(reason: string): string {
  if (reason.length * 3 <= 123) return reason;
  const bytes = Buffer.from(reason).subarray(0, 123);
  return bytes.toString().replace(/\ufffd+$/, "");
}

/** What Bun has closed a connection with for what came; it says 1006 to us. */
export function ownCode(code: number, reason: string): number {
  if (code !== 1006 || !reason.startsWith("Received ")) return code;
  return reason.includes("too big message") ? 1009 : reason.includes("UTF-8") ? 1007 : 1002;
}
