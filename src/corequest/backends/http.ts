import type { AliasTls } from "../../config/alias-options.ts";
import type { Cluster } from "../../upstream/cluster.ts";
import type { Member } from "../../upstream/member.ts";
import { toTraceparent } from "../../trace/traceparent.ts";
import type { Backend, Failure } from "../backend.ts";
import type { Control } from "../control.ts";
import { SkitaiError } from "../../errors.ts";
import { longestTimer } from "../durations.ts";
import { CorequestError } from "../errors.ts";
import { cachedFetch } from "../http-cached.ts";
import { type HttpCall } from "../http-call.ts";
import { httpResult } from "../http-result.ts";
import { Crowded, type Gate, gateOf } from "./http-gate.ts";
import type { Result } from "../result.ts";
import { failureCodes } from "../status.ts";

/** A member as `fetch` knows it; it keeps the connections itself, by origin. */
interface Origin {
  readonly alias: string;
  readonly member: string;
  readonly origin: string;
  /** Of the member's user and password. */
  readonly authorization: string | undefined;
  readonly init: BunFetchRequestInit;
  readonly gate: Gate | undefined;
}

const userAgent = "skitai";

/** HTTP/1.1 by Bun's `fetch`. Spec Q2. */
export const http: Backend<HttpCall, Origin> = {
  connect(member, { name: alias, type, options }) {
    const { declaration, label } = member;
    const { host, port, user, password, database } = declaration;
    const secure = options.ssl === undefined ? type === "https" || type === "wss" : options.ssl !== false;
    const tls = typeof options.ssl === "object" ? { tls: tlsOf(options.ssl) } : {};
    const base = database === undefined ? "" : `/${database.replace(/\/$/, "")}`;
    const place = port === 0 ? "localhost" : host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
    return {
      alias,
      member: label,
      origin: `${secure ? "https" : "http"}://${place}${base}`,
      authorization: user === undefined ? undefined : basic(user, password),
      init: { ...tls, ...(port === 0 ? { unix: host } : {}) },
      gate: gateOf(member, options),
    };
  },

  async start(call, origin, control) {
    if (origin.gate === undefined) return exchange(call, origin, control);
    const leave = await origin.gate.enter(control);
    try {
      return await exchange(call, origin, control);
    } finally {
      leave();
    }
  },

  failure: failureOf,
};

async function exchange(call: HttpCall, origin: Origin, control: Control): Promise<Result<unknown>> {
  for (let left = call.retries; ; left--) {
    const response = await send(call, origin, control);
    const pause = left > 0 && call.idempotent ? pauseOf(response) : undefined;
    if (pause === undefined || pause >= control.left) return httpResult(response, origin, call.label, call);
    await response.body?.cancel();
    await Bun.sleep(pause);
    if (control.reason !== undefined) throw new DOMException("given up", "AbortError");
  }
}

function send(call: HttpCall, origin: Origin, control: Control): Promise<Response> {
  const { method, body, redirect, firstByte } = call;
  const headers = headersFor(call, origin, control);
  const timer = firstByte === undefined ? undefined : abortAfter(firstByte, control);
  const signal = timer?.signal ?? control.signal;
  const init = { ...origin.init, method, headers, redirect, signal, ...(body === undefined ? {} : { body }) };
  const answer = cachedFetch(origin.origin, call.path, origin.alias, init);
  return timer === undefined ? answer : answer.finally(timer.clear);
}

/** Ids of the transaction; each attempt is a call of its own. Spec L4. */
function headersFor(call: HttpCall, { authorization }: Origin, { context }: Control): Record<string, string> {
  const headers: Record<string, string> = { "user-agent": userAgent, ...call.headers };
  if (authorization !== undefined) headers["authorization"] ??= authorization;
  if (context === undefined) return headers;
  const ltxnid = context.nextCall();
  headers["x-gtxn-id"] = context.gtxnid;
  headers["x-ltxn-id"] = `${ltxnid}`;
  headers["traceparent"] = toTraceparent(context.gtxnid, ltxnid);
  return headers;
}

/** An error that says where it came from. */
class FirstByteTimeout extends Error {}

/** A signal that aborts this attempt: when the call is given up, and when the time is over before `clear`. */
function abortAfter(ms: number, control: Control): { signal: AbortSignal; clear: () => void } {
  const controller = new AbortController();
  const timer = setTimeout(
    () => controller.abort(new FirstByteTimeout(`no answer in ${ms} ms`)),
    Math.min(ms, longestTimer),
  );
  control.onCancel(() => controller.abort());
  return { signal: controller.signal, clear: () => clearTimeout(timer) };
}

/** ms to wait as 429 and 503 say (RFC 9110 §10.2.3); `undefined` when they say nothing. */
function pauseOf({ status, headers }: Response): number | undefined {
  const said = status === 429 || status === 503 ? headers.get("retry-after") : null;
  if (said === null) return undefined;
  const ms = /^\d+$/.test(said) ? Number(said) * 1000 : Date.parse(said) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}

const basic = (user: string, password = ""): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;

function tlsOf({
  ca,
  cert,
  key,
  passphrase,
  serverName,
  rejectUnauthorized,
}: AliasTls): Record<string, unknown> {
  const all = { ca, cert, key, passphrase, serverName, rejectUnauthorized };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

/** Codes of Bun and of the system that say that nothing was sent. */
const unsent = new Set([
  "ConnectionRefused",
  "ECONNREFUSED",
  "FailedToOpenSocket",
  "ENOENT",
  "EHOSTUNREACH",
  "ENETUNREACH",
]);
/** Codes of what a member did answer, and `fetch` does not take. */
const answered =
  /^(?:TooManyRedirects|UnsupportedRedirectProtocol|RedirectURL\w+|(?:Zlib|Brotli\w*|Zstd\w*)Error)$/;
const dns = /ENOTFOUND|EAI_|DNS/i;
const tls = /CERT|TLS|SSL|EPROTO|SELF_SIGNED|UNABLE_TO_|HOSTNAME|ERR_OSSL/i;

function failureOf(error: unknown, call: HttpCall, { label }: Member, { name }: Cluster): Failure {
  if (error instanceof CorequestError)
    return {
      outcome: "answered",
      statusCode: failureCodes.failed,
      error,
      memberFailed: false,
    };
  if (error instanceof Crowded) return crowded(error, call, label, name);
  const code = String((error as { code?: unknown }).code ?? "");
  if (isOwn(error) || answered.test(code)) return blameless(error, call, label, name);
  const target = { alias: name, member: label };
  const failure = (reached: boolean, statusCode: number, accepted: string): Failure => ({
    outcome: reached ? "maybe sent" : "unsent",
    statusCode,
    error: new CorequestError(reached ? "BACKEND_NETWORK" : "BACKEND_UNSENT", target, call.label, {
      accepted,
      cause: error,
    }),
    memberFailed: true,
  });
  const disturbed = call.body instanceof ReadableStream;
  if (dns.test(code)) return failure(disturbed, failureCodes.dns, "a host name that is known");
  if (tls.test(code))
    return failure(disturbed, failureCodes.connect, `a certificate that is trusted (${code})`);
  if (unsent.has(code)) return failure(disturbed, failureCodes.connect, `a server that listens (${code})`);
  if (error instanceof FirstByteTimeout)
    return failure(true, failureCodes.timeout, `the head of an answer (${error.message})`);
  return failure(true, failureCodes.network, `a connection that lasts (${code || (error as Error).message})`);
}

/**
 * What `fetch` would not send, and what reading the caller's own stream threw (its client went away): all that comes from
 * the network has a code that is text.
 */
function isOwn(error: unknown): boolean {
  if (error instanceof FirstByteTimeout) return false;
  if (error instanceof SkitaiError) return true;
  const { code } = error as { code?: unknown };
  return typeof code !== "string" || code.startsWith("ERR_INVALID_");
}

/** Another member may have a place; this one is as well as before. */
const crowded = (cause: Crowded, call: HttpCall, member: string, alias: string): Failure => ({
  outcome: "unsent",
  statusCode: failureCodes.connect,
  error: new CorequestError("BACKEND_UNSENT", { alias, member }, call.label, {
    accepted: `a free connection, see its alias's connections and queue (${cause.message})`,
    cause,
  }),
  memberFailed: false,
});

/** The member is as well as before. */
const blameless = (cause: unknown, call: HttpCall, member: string, alias: string): Failure => ({
  outcome: "maybe sent",
  statusCode: failureCodes.failed,
  error: new CorequestError(
    "BACKEND_FAILED",
    { alias, member },
    call.label,
    { accepted: `a request and an answer that are valid (${(cause as Error)?.message})`, cause },
    cause instanceof SkitaiError ? cause.status : undefined,
  ),
  memberFailed: false,
});
