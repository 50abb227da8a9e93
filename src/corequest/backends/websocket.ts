import type { AliasTls } from "../../config/alias-options.ts";
import { toTraceparent } from "../../trace/traceparent.ts";
import type { Cluster } from "../../upstream/cluster.ts";
import type { Member } from "../../upstream/member.ts";
import type { Backend, Call, Failure } from "../backend.ts";
import { closeAtEnd } from "../connections.ts";
import type { Control } from "../control.ts";
import { CorequestError } from "../errors.ts";
import { Result } from "../result.ts";
import { failureCodes } from "../status.ts";

/** Opening a websocket; asked again of another member as long as none has answered. */
export interface SocketCall extends Call {
  /** With its query, starts with `/`. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly protocols: readonly string[];
  readonly deflate: boolean;
  /** Called before anything can come. */
  readonly prepare: (socket: WebSocket) => void;
}

/** A member as Bun's client knows it. */
interface Place {
  readonly alias: string;
  readonly member: Member;
  readonly url: string;
  readonly authorization: string | undefined;
  readonly tls: Bun.TLSOptions | undefined;
}

/** Bun's own client. It says why a handshake failed in words only. Spec X4. */
export const sockets: Backend<SocketCall, Place, WebSocket> = {
  connect: placeOf,

  async start(call, place, control) {
    const socket = await open(call, place, control);
    const { member } = place;
    // Counted as busy while it is open, beyond the call that has opened it.
    member.claim();
    const forget = closeAtEnd(() => socket.close(1001));
    socket.addEventListener("close", () => {
      forget();
      member.release();
    });
    return new Result(socket, { statusCode: 101, reason: "Switching Protocols" });
  },

  failure: failureOf,
};

function placeOf(member: Member, { name: alias, type, options }: Cluster): Place {
  const { host, port, user, password = "", database } = member.declaration;
  const secure = options.ssl === undefined ? type === "wss" : options.ssl !== false;
  const named = host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
  const base = database === undefined ? "" : `/${database.replace(/\/$/, "")}`;
  const credentials = user === undefined ? undefined : Buffer.from(`${user}:${password}`).toString("base64");
  return {
    alias,
    member,
    url: port === 0 ? `ws+unix://${host}:${base}` : `${secure ? "wss" : "ws"}://${named}${base}`,
    authorization: credentials === undefined ? undefined : `Basic ${credentials}`,
    tls: typeof options.ssl === "object" ? tlsOf(options.ssl) : undefined,
  };
}

const tlsOf = (tls: AliasTls): Bun.TLSOptions =>
  Object.fromEntries(Object.entries(tls).filter(([, value]) => value !== undefined)) as Bun.TLSOptions;

/** A handshake that was answered with something else. */
class Refused extends Error {
  readonly status: number;

  constructor(status: number) {
    super(`answered ${status}`);
    this.status = status;
  }
}

async function open(call: SocketCall, place: Place, control: Control): Promise<WebSocket> {
  const socket = new WebSocket(place.url + call.path, {
    headers: headersFor(call, place, control),
    ...(call.protocols.length > 0 ? { protocols: [...call.protocols] } : {}),
    ...(place.tls === undefined ? {} : { tls: place.tls }),
    perMessageDeflate: call.deflate,
  } as never);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let fault: unknown = new Error("closed");
  socket.onopen = () => resolve();
  socket.onerror = (event) => (fault = faultOf(event as ErrorEvent));
  socket.onclose = () => reject(fault);
  control.onCancel(() => socket.terminate());
  call.prepare(socket);
  await promise;
  socket.onopen = socket.onerror = socket.onclose = null;
  return socket;
}

/** Ids of the transaction, see `backends/http.ts`. Spec L4. */
function headersFor(
  call: SocketCall,
  { authorization }: Place,
  { context }: Control,
): Record<string, string> {
  const headers: Record<string, string> = { "user-agent": "skitai", ...call.headers };
  if (authorization !== undefined) headers["authorization"] ??= authorization;
  if (context === undefined) return headers;
  const ltxnid = context.nextCall();
  headers["x-gtxn-id"] = context.gtxnid;
  headers["x-ltxn-id"] = `${ltxnid}`;
  headers["traceparent"] = toTraceparent(context.gtxnid, ltxnid);
  return headers;
}

function faultOf({ message = "", error }: ErrorEvent): unknown {
  const status = /Expected 101 status code: (\d{3})/.exec(message)?.[1];
  return status === undefined ? (error ?? new Error(message)) : new Refused(Number(status));
}

function failureOf(error: unknown, { label }: Call, member: Member, { name: alias }: Cluster): Failure {
  const target = { alias, member: member.label };
  const detail = (accepted: string): { accepted: string; cause: unknown } => ({ accepted, cause: error });
  if (error instanceof Refused) {
    const { status } = error;
    // A member that has no time may have a neighbour that has.
    const busy = status >= 502 && status <= 504;
    return {
      outcome: busy ? "unsent" : "answered",
      statusCode: status,
      error: new CorequestError(
        "BACKEND_STATUS",
        target,
        label,
        detail(`101, and it answered ${status}`),
        status >= 400 ? status : undefined,
      ),
      memberFailed: false,
    };
  }
  const code = String((error as { code?: unknown }).code ?? "");
  const unknown = /ENOTFOUND|EAI_|DNS/i.test(code);
  const unsent = unknown || /REFUSED|UNREACH|ENOENT|FailedToOpen/i.test(code);
  return {
    // A handshake does nothing by itself: it may be asked again in any case.
    outcome: "unsent",
    statusCode: unknown ? failureCodes.dns : unsent ? failureCodes.connect : failureCodes.network,
    error: new CorequestError(
      unsent ? "BACKEND_UNSENT" : "BACKEND_NETWORK",
      target,
      label,
      detail(unsent ? `a server that listens (${code})` : "the answer to a handshake of a websocket"),
    ),
    memberFailed: true,
  };
}
