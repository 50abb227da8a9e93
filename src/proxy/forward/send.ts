import type { ServerResponse } from "node:http";
import type { Writable } from "node:stream";
import type { Fields, RelayedAnswer } from "../../http/relay.ts";
import type { Exchange } from "./exchange.ts";

/**
 * Sends an answer as fast as the client takes it.
 * @param close tell the client that its connection ends
 */
export async function send(
  response: ServerResponse,
  answer: RelayedAnswer,
  exchange: Exchange,
  close: boolean,
): Promise<void> {
  const { body } = answer;
  exchange.answered(answer.status);
  const to = writeHead(response, answer, exchange, close);
  if (!(body instanceof ReadableStream)) {
    exchange.responseBytes = body?.byteLength ?? 0;
    to.end(body ?? undefined);
    return;
  }
  const reader = body.getReader();
  const { abandon } = exchange;
  exchange.abandon = (why) => {
    abandon?.(why);
    reader.cancel(why).catch(() => {});
  };
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done || to.closed) break;
      exchange.responseBytes += value.byteLength;
      if (!to.write(value)) await drained(to);
    }
    if (exchange.responseBytes < (answer.length ?? 0)) exchange.socket.destroy();
    else to.end();
  } catch {
    // Half an answer must not look like a whole one.
    exchange.socket.destroy();
  }
}

function fieldsOf({ fields, length, body }: RelayedAnswer): Fields {
  if (body === null) return fields;
  const others = fields.filter(([name]) => name.toLowerCase() !== "content-length");
  return length === undefined ? others : [...others, ["content-length", `${length}`]];
}

/**
 * node:http on Bun writes what is above U+007F as UTF-8, and refuses what is above U+00FF. A head with such fields is written
 * as the bytes that it is, as the last thing on its connection.
 * @returns where the body goes
 */
function writeHead(
  response: ServerResponse,
  answer: RelayedAnswer,
  { socket }: Exchange,
  close: boolean,
): Writable {
  const { status, reason, body } = answer;
  const fields = fieldsOf(answer);
  const plain = isAscii(reason) && fields.every(([, value]) => isAscii(value));
  const all: Fields = close || !plain ? [...fields, ["connection", "close"]] : fields;
  if (!plain) {
    const lines = all.map(([name, value]) => `${name}: ${value}\r\n`).join("");
    socket.write(`HTTP/1.1 ${status} ${reason}\r\n${lines}\r\n`, "latin1");
    return socket;
  }
  response.sendDate = false;
  response.writeHead(status, reason, all.flat() as never);
  // A head that waits for its body would keep an event stream's client waiting.
  if (body instanceof ReadableStream) response.flushHeaders();
  return response;
}

const isAscii = (text: string): boolean => /^[\x00-\x7f]*$/.test(text);

/** Resolves when there is room for more, or nobody wants it. */
function drained(to: Writable): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const over = (): void => {
    to.off("drain", over);
    to.off("close", over);
    resolve();
  };
  to.on("drain", over);
  to.on("close", over);
  return promise;
}
