import { SkitaiError, type ErrorCode, type ErrorDetail } from "../errors.ts";

/** A refusal that says in fields of the answer what the client has to do. */
export class GatewayError extends SkitaiError {
  /** Fields of the answer. */
  readonly headers: Readonly<Record<string, string>>;

  /** @param status where it is not the one of the code's row */
  constructor(
    code: ErrorCode,
    detail: ErrorDetail,
    headers: Readonly<Record<string, string>>,
    status?: number,
  ) {
    super(code, detail, status);
    this.name = "GatewayError";
    this.headers = headers;
  }
}

/** RFC 6750 §3.1 */
export type BearerFault = "invalid_request" | "invalid_token" | "insufficient_scope";

/**
 * `WWW-Authenticate` of RFC 6750 §3; a client that sent no token at all is told no error.
 * @param text of the characters that §3 allows, no quotes
 */
export function challenge(realm: string, fault?: BearerFault, text?: string): string {
  const quoted = realm.replace(/["\\]/g, "\\$&");
  const said = text === undefined ? "" : `, error_description="${text}"`;
  return `Bearer realm="${quoted}"${fault === undefined ? "" : `, error="${fault}"${said}`}`;
}

/** 401: there is no token, or none that counts. */
export const unauthorized = (realm: string, text: string, fault?: BearerFault): GatewayError =>
  new GatewayError(
    "GATEWAY_TOKEN",
    { name: "authorization", accepted: text },
    { "www-authenticate": challenge(realm, fault, fault && text) },
  );

/** 403: it is known who asks, and that is not enough. */
export const forbidden = (realm: string, text: string): GatewayError =>
  new GatewayError(
    "GATEWAY_FORBIDDEN",
    { name: "authorization", accepted: text },
    { "www-authenticate": challenge(realm, "insufficient_scope", text) },
  );

/**
 * 503: nobody can say now whether the token is good, so it is not let through.
 * @param wait seconds
 */
export const undecided = (name: string, text: string, cause: unknown, wait = 1): GatewayError =>
  new GatewayError("GATEWAY_FAILED", { name, accepted: text, cause }, { "retry-after": String(wait) });

/**
 * 429
 * @param fields `Retry-After` and the state of the limit
 */
export const limited = (fields: Readonly<Record<string, string>>): GatewayError =>
  new GatewayError(
    "GATEWAY_LIMIT",
    { name: "rate limit", accepted: `again in ${fields["retry-after"]} s` },
    fields,
  );
