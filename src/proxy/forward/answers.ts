import { type ServerResponse, STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import type { Refused } from "./refused.ts";

/** Answers with a line of text. */
export function refuse(
  response: ServerResponse,
  { status, message, headers }: Refused,
  close: boolean,
): number {
  const text = `${message}\n`;
  const length = Buffer.byteLength(text);
  response.writeHead(status, {
    ...headers,
    "Content-Type": "text/plain; charset=utf-8",
    "Content-Length": length,
    "Cache-Control": "no-store",
    ...(close ? { Connection: "close" } : {}),
  });
  response.end(text);
  return length;
}

/** The same on a connection that is no request's any more; it is the last thing said there. */
export function refuseOn(socket: Socket, { status, message, headers }: Refused): number {
  const text = `${message}\n`;
  const length = Buffer.byteLength(text);
  const fields = Object.entries({
    ...headers,
    "Content-Type": "text/plain; charset=utf-8",
    "Content-Length": `${length}`,
    Connection: "close",
  });
  const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  // Who still sends would lose the answer if the connection was closed at once.
  socket.resume();
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? "Error"}\r\n${lines}\r\n${text}`);
  return length;
}
