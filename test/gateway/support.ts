import { createHmac } from "node:crypto";

const base64url = (value: unknown): string =>
  Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");

/** A token signed with a secret, whatever its header and claims say; texts are taken as they are. */
export function signed(
  secret: string | Uint8Array,
  header: unknown,
  claims: unknown,
  hash = "sha256",
): string {
  const text = `${base64url(header)}.${base64url(claims)}`;
  return `${text}.${createHmac(hash, secret).update(text).digest("base64url")}`;
}

export const now = (): number => Math.floor(Date.now() / 1000);

/** What the guarded app of the fixture shows. */
export interface Shown {
  readonly claims: Record<string, unknown>;
  readonly user?: string;
  readonly roles: readonly string[];
  readonly sent: Record<string, string>;
  readonly pid: number;
  readonly asked: number;
}
