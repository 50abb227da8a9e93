import { STATUS_CODES } from "node:http";
import { SkitaiError } from "../errors.ts";
import { explained } from "../log/application.ts";

/** Members of an RFC 9457 problem beside `type` (about:blank) and `title`. */
export interface Problem {
  readonly status: number;
  readonly detail?: string | undefined;
  /** Global transaction id, to find the log entries. */
  readonly transaction: string;
  /** Stack trace; only ever set in development. */
  readonly trace?: string | undefined;
}

/** The problem an error becomes. What was not meant for the client stays in the log unless `debug`. */
export function problemOf(error: unknown, transaction: string, debug: boolean): Problem {
  const status = statusOf(error);
  const detail = debug || (status < 500 && isForClient(error)) ? messageOf(error) : shownOf(error);
  return { status, detail, transaction, ...(debug && status >= 500 ? { trace: explained(error) } : {}) };
}

/** Fields of the answer that an error of the engine asks for, like `WWW-Authenticate` (RFC 9110 §15.5.2). */
export const fieldsOf = (error: unknown): Readonly<Record<string, string>> =>
  error instanceof SkitaiError && !isInside(error) && "headers" in error
    ? (error.headers as Record<string, string>)
    : {};

/** Status that an error carries, else 500. */
function statusOf(error: unknown): number {
  if (typeof error !== "object" || error === null || !("status" in error)) return 500;
  const { status } = error;
  return typeof status === "number" && Number.isInteger(status) && status >= 400 && status <= 599
    ? status
    : 500;
}

/**
 * Whether the text of an error is made for the client: the engine's own, Hono's HTTPException (`getResponse`), and
 * http-errors with `expose`. Errors of HTTP clients carry a status too, and their text tells of the inside.
 */
const isForClient = (error: unknown): boolean =>
  (error instanceof SkitaiError && !isInside(error)) ||
  (typeof error === "object" &&
    error !== null &&
    ("getResponse" in error || ("expose" in error && error.expose === true)));

/** What an error of the engine has for the client, whatever its message tells an operator. */
const shownOf = (error: unknown): string | undefined =>
  error instanceof SkitaiError ? error.shown : undefined;

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Whether an error says something wrong about the request rather than about the app: those are not logged as errors. */
export const isClientError = (error: unknown): boolean =>
  error instanceof SkitaiError && error.status < 500 && !isInside(error);

/** What a backend answered is about the app's call, not about the request: its text names hosts and tables. */
const isInside = ({ code }: SkitaiError): boolean => /^(?:BACKEND|RESULT|SQL|TRANSACTION)_/.test(code);

/** RFC 9457 JSON, or an HTML page for who prefers that by `Accept`. */
export function problemResponse(
  problem: Problem,
  accept: string | null,
  headers: Record<string, string> = {},
): Response {
  const title = STATUS_CODES[problem.status] ?? "Error";
  const html = prefersHtml(accept);
  const body = html
    ? page(title, problem)
    : `${JSON.stringify({ type: "about:blank", title, ...problem })}\n`;
  return new Response(body, {
    status: problem.status,
    headers: {
      "content-type": html ? "text/html;charset=utf-8" : "application/problem+json",
      "cache-control": "no-store",
      vary: "accept",
      ...headers,
    },
  });
}

/** `text/html` named with a weight, and no JSON type named with a higher one (RFC 9110 §12.5.1). */
function prefersHtml(accept: string | null): boolean {
  if (accept === null) return false;
  const weights = accept.toLowerCase().split(",").map(weighted);
  const best = (pattern: RegExp): number =>
    Math.max(0, ...weights.filter(({ type }) => pattern.test(type)).map(({ q }) => q));
  const html = best(/^(text\/html|application\/xhtml\+xml)$/);
  return html > 0 && html >= best(/^application\/(problem\+)?json$/);
}

function weighted(item: string): { type: string; q: number } {
  const [type = "", ...parameters] = item.split(";").map((part) => part.trim());
  const weight = parameters.find((parameter) => parameter.startsWith("q="));
  const q = weight === undefined ? 1 : Number(weight.slice(2));
  return { type, q: q >= 0 && q <= 1 ? q : 0 };
}

function page(title: string, { status, detail, transaction, trace }: Problem): string {
  const part = (tag: string, text: string | undefined): string =>
    text ? `<${tag}>${Bun.escapeHTML(text)}</${tag}>` : "";
  return (
    `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">` +
    `<title>${status} ${title}</title>` +
    `<style>body{font:16px/1.5 system-ui,sans-serif;margin:12vh auto;max-width:44rem;padding:0 1rem;color-scheme:light dark}` +
    `pre{overflow:auto;padding:1rem;border:1px solid #8886;border-radius:6px;font-size:13px}small{opacity:.6}</style>` +
    `<h1>${status} ${title}</h1>${part("p", detail)}${part("pre", trace)}<small>${Bun.escapeHTML(transaction)}</small></html>\n`
  );
}
