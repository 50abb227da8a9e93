import { createHmac } from "node:crypto";

/** Of the engine's gateway in this run, and of nothing else. */
export const edgeSecret = "a secret of more than thirty-two bytes";

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");

/** A JWT of HS256 (RFC 7519), good for a day. */
export function edgeToken(): string {
  const now = Math.floor(Date.now() / 1000);
  const text = `${part({ alg: "HS256", typ: "JWT" })}.${part({ sub: "bench", roles: ["user"], iat: now, exp: now + 86_400 })}`;
  return `${text}.${createHmac("sha256", edgeSecret).update(text).digest("base64url")}`;
}
