import type { Socket } from "node:net";
import type { Fields } from "../../http/relay.ts";
import { MalformedAnswer, readHead, type ResponseHead } from "../http1/response-head.ts";
import { carry, through, type TunnelParts } from "./connect.ts";
import type { Exchange } from "./exchange.ts";
import { answeredFields, requestHead } from "./fields.ts";
import { Refused } from "./refused.ts";
import { readRequest, type RelayParts } from "./relay.ts";

const upgraded = "connection: Upgrade\r\nupgrade: websocket\r\n";

/** Passes a websocket on: the handshake is read, what follows it is not. @throws Refused */
export async function upgrade(
  exchange: Exchange,
  head: Uint8Array,
  relayed: RelayParts & { readonly tunnel: TunnelParts; readonly patience: number },
): Promise<void> {
  const { resource, fields } = readRequest(exchange, relayed);
  const { method, socket } = exchange;
  const framed = fields.some(([name]) => name === "content-length" || name === "transfer-encoding");
  if (method !== "GET" || framed) throw new Refused(400, "a websocket begins with a GET without a body");
  await through(exchange, resource, relayed.tunnel, async (server) => {
    const asked = { method, url: resource.url, fields };
    server.write(requestHead(asked, resource.path, resource.authority, upgraded), "latin1");
    const { answer, rest } = await answerOf(server, relayed.patience, exchange);
    const accepted = answer.status === 101;
    exchange.answered(answer.status);
    socket.write(linesOf(answer, answeredFields(answer.fields, relayed.pseudonym), accepted), "latin1");
    if (accepted) return carry(exchange, server, { up: head, down: rest }, relayed.tunnel);
    // What the client sends after a refusal is for nobody.
    socket.resume();
    await carryDown(exchange, server, rest, relayed.tunnel);
  });
}

/** The head of the answer, interim ones left out, and what came behind it. */
function answerOf(
  server: Socket,
  timeout: number,
  exchange: Exchange,
): Promise<{ answer: ResponseHead; rest: Buffer }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ answer: ResponseHead; rest: Buffer }>();
  const late = new Refused(504, "the server did not answer in time");
  const timer = setTimeout(() => reject(late), timeout);
  let bytes: Buffer = Buffer.alloc(0);
  const read = (more: Buffer): void => {
    bytes = bytes.length === 0 ? more : Buffer.concat([bytes, more]);
    try {
      for (;;) {
        const answer = readHead(bytes, "GET");
        if (answer === undefined) return;
        bytes = bytes.subarray(answer.size);
        if (answer.status >= 200 || answer.status === 101) return resolve({ answer, rest: bytes });
      }
    } catch (error) {
      reject(error);
    }
  };
  const lost = (): void => reject(new MalformedAnswer("no answer"));
  exchange.abandon = (): void => void server.destroy();
  server.on("data", read);
  server.once("close", lost);
  return promise
    .catch((error: unknown) => {
      server.destroy();
      throw error instanceof MalformedAnswer
        ? new Refused(502, "the server answered no HTTP", {}, error)
        : error;
    })
    .finally(() => {
      clearTimeout(timer);
      server.pause();
      server.off("data", read);
      server.off("close", lost);
      exchange.abandon = undefined;
    });
}

function linesOf({ status, reason, framing }: ResponseHead, fields: Fields, accepted: boolean): string {
  const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  // The body of a refusal is passed as it is framed.
  const coding = framing.kind === "chunked" ? "transfer-encoding: chunked\r\n" : "";
  return `HTTP/1.1 ${status} ${reason}\r\n${lines}${accepted ? upgraded : `connection: close\r\n${coding}`}\r\n`;
}

async function carryDown(
  exchange: Exchange,
  server: Socket,
  rest: Buffer,
  { idle, limit }: TunnelParts,
): Promise<void> {
  const { socket } = exchange;
  const watched = { limit, moved: () => server.bytesRead, expire: () => void server.destroy() };
  const before = server.bytesRead - rest.length;
  const { promise, resolve } = Promise.withResolvers<void>();
  idle.add(watched);
  if (rest.length > 0) socket.write(rest);
  server.once("close", resolve);
  for (const event of ["end", "close"]) socket.once(event, () => server.destroy());
  server.pipe(socket);
  await promise;
  idle.delete(watched);
  exchange.responseBytes = server.bytesRead - before;
  socket.end();
}
