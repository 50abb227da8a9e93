import type { Context } from "../context.ts";
import type { Member } from "../upstream/member.ts";
import { ProxyError } from "./errors.ts";
import type { Way } from "./forwarding.ts";
import type { ResponseHead } from "./http1/response-head.ts";
import { outgoing, type Outgoing } from "./request.ts";

/** Bodies of known length up to this size are sent with it. */
const whole = 256 * 1024;

/**
 * Forwards a request over HTTP/2, by Bun's `fetch`: one session for each member, TLS only. Other members are asked where the
 * request is safe. Spec P2.
 */
export async function forwardOnHttp2(
  way: Way,
  request: Request,
  context: Context,
  more: string | undefined,
): Promise<Response> {
  const out = await outgoing(request, context, way.options, more);
  let tried: Set<Member> | undefined;
  for (;;) {
    const member = way.claim(context, tried)!;
    try {
      return await ask(way, request, context, out, member);
    } catch (error) {
      member.release();
      if (error instanceof ProxyError) throw error;
      member.failed(Date.now());
      tried = (tried ?? new Set()).add(member);
      if (!out.safe || tried.size === way.members)
        throw new ProxyError("PROXY_UNREACHABLE", way.name, member.label, error);
    }
  }
}

async function ask(
  way: Way,
  request: Request,
  context: Context,
  { method, start, rest, body }: Outgoing,
  member: Member,
): Promise<Response> {
  const origin = way.originOf(member);
  const controller = new AbortController();
  const giveUp = (code: "PROXY_TIMEOUT" | "PROXY_ABORTED"): void =>
    controller.abort(new ProxyError(code, way.name, member.label));
  const aborted = (): void => giveUp("PROXY_ABORTED");
  request.signal.addEventListener("abort", aborted, { once: true });
  const timer = setTimeout(() => giveUp("PROXY_TIMEOUT"), way.timeout);
  const [, path = "/"] = start.split(" ", 2);
  try {
    const answer = await fetch(origin.check.url + path, {
      ...origin.check.init,
      protocol: "http2",
      method,
      headers: [["host", way.hostOf(origin, request)], ...fieldsOf(rest)],
      ...(body === undefined ? {} : { body }),
      redirect: "manual",
      decompress: false,
      signal: controller.signal,
    } as BunFetchRequestInit);
    member.answered();
    return await given(way, answer, { method, context, member, origin });
  } catch (error) {
    throw controller.signal.aborted ? controller.signal.reason : error;
  } finally {
    clearTimeout(timer);
  }
}

async function given(
  way: Way,
  answer: Response,
  parts: Omit<Parameters<Way["answer"]>[0], "head" | "body">,
): Promise<Response> {
  const { headers, status } = answer;
  const cookies = headers.getSetCookie().map((value) => ["set-cookie", value] as const);
  const fields = [...[...headers].filter(([name]) => name !== "set-cookie"), ...cookies];
  const bodyless = parts.method === "HEAD" || status === 204 || status === 304;
  const framing: ResponseHead["framing"] = bodyless ? { kind: "none" } : { kind: "chunked" };
  const head = { status, reason: "", fields, framing, persistent: true, size: 0 };
  const length = Number(headers.get("content-length") ?? Number.NaN);
  const { member } = parts;
  if (bodyless || length <= whole) {
    const body = bodyless ? null : await answer.bytes();
    const response = way.answer({ ...parts, head, body });
    member.release();
    return response;
  }
  return way.answer({ ...parts, head, body: released(answer.body, () => member.release()) });
}

/** Tells once when a body is over, however it ends. */
function released(
  body: ReadableStream<Uint8Array> | null,
  tell: () => void,
): ReadableStream<Uint8Array> | null {
  const reader = body?.getReader();
  if (reader === undefined) {
    tell();
    return null;
  }
  let over = false;
  const end = (): void => {
    if (!over) tell();
    over = true;
  };
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read();
          if (!done) return controller.enqueue(value);
          end();
          controller.close();
        } catch (error) {
          end();
          controller.error(error);
        }
      },
      cancel(reason) {
        end();
        return reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}

/** HTTP/2 has no fields of a connection, and frames bodies itself. */
const fieldsOf = (rest: string): [string, string][] =>
  rest.split("\r\n").flatMap((line): [string, string][] => {
    const colon = line.indexOf(":");
    const name = line.slice(0, colon);
    if (colon < 1 || name === "transfer-encoding" || name === "connection") return [];
    return [[name, line.slice(colon + 2)]];
  });
