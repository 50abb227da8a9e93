import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { SkitaiError } from "../errors.ts";

/** The file that a certificate or key is in; `undefined` for PEM text. */
export const fileOf = (text: string, base: string): string | undefined =>
  text.includes("-----BEGIN ") ? undefined : resolve(base, text);

/** How a certificate or key is called in a message: never by its text. */
export const nameOf = (text: string, base: string): string => fileOf(text, base) ?? "given as text";

/**
 * PEM text, from the file when it is in one.
 * @throws SkitaiError TLS_INVALID
 */
export function readPem(text: string, base: string): string {
  const file = fileOf(text, base);
  if (file === undefined) return text;
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw tlsError(file, reasons[(error as NodeJS.ErrnoException).code ?? ""] ?? String(error));
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EACCES: "this user may not read it",
  EISDIR: "is a directory, not a file",
};

/** One line that names the file and what is wrong with it. */
export const tlsError = (file: string, problem: string): SkitaiError =>
  new SkitaiError("TLS_INVALID", { name: `enableSsl: ${file}`, accepted: problem });
