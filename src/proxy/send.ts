import type { Arrived, Connection } from "./http1/connection.ts";
import type { Outgoing } from "./request.ts";

/** Sends a request on a connection and waits for the head of the answer. */
export function sendOn(connection: Connection, host: string, request: Outgoing): Promise<Arrived> {
  const head = `${request.start}host: ${host}\r\n${request.rest}`;
  const { body, method } = request;
  if (body === undefined) return connection.ask(method, head);
  if (body instanceof Uint8Array)
    return connection.ask(method, Buffer.concat([Buffer.from(head, "latin1"), body]));
  const answer = connection.ask(method, head, true);
  void pump(connection, body, request.chunked, answer);
  return answer;
}

/** The body, as fast as the upstream takes it. An answer that comes before its end ends it. */
async function pump(
  connection: Connection,
  body: ReadableStream<Uint8Array>,
  chunked: boolean,
  answer: Promise<Arrived>,
): Promise<void> {
  const reader = body.getReader();
  let answered = false;
  answer.then(
    ({ body: { complete } }) => (answered = complete),
    () => (answered = true),
  );
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done || answered) break;
      await connection.send(chunked ? chunk(value) : value);
    }
    if (chunked && !answered) await connection.send(lastChunk);
    connection.sent();
    if (answered) await reader.cancel();
  } catch (error) {
    // The client went, or sent too much or too slowly: the upstream must not take what it has for the whole.
    connection.destroy(error as Error);
    reader.cancel(error).catch(() => {});
  }
}

const lastChunk = Buffer.from("0\r\n\r\n");

const chunk = (bytes: Uint8Array): Uint8Array =>
  Buffer.concat([Buffer.from(`${bytes.byteLength.toString(16)}\r\n`), bytes, Buffer.from("\r\n")]);
