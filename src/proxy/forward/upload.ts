import type { IncomingMessage } from "node:http";
import type { Connection } from "../http1/connection.ts";

const lastChunk = Buffer.from("0\r\n\r\n");
const lineEnd = Buffer.from("\r\n");

const framed = (bytes: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, lineEnd]);

/** Sends the body of a request as fast as the server takes it. A client that breaks off breaks the server's connection off. */
export function upload(
  request: IncomingMessage,
  connection: Connection,
  chunked: boolean,
  count: (bytes: number) => void,
): void {
  const lost = (): void => {
    // The server must not take what it has for the whole.
    connection.destroy(new Error("the client broke off"));
    request.resume();
  };
  request.on("data", (bytes: Buffer) => {
    count(bytes.length);
    // Nobody waits for the rest.
    if (connection.closed) return;
    request.pause();
    connection.send(chunked ? framed(bytes) : bytes).then(() => request.resume(), lost);
  });
  request.once("end", () => {
    if (connection.closed) return;
    if (!chunked) connection.sent();
    else connection.send(lastChunk).then(() => connection.sent(), lost);
  });
  request.once("close", () => {
    if (!request.complete) lost();
  });
}
