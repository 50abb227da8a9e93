import { connect, type Socket } from "node:net";
import { Refused } from "./refused.ts";

/**
 * Connects to the first of the addresses that takes it; no name is resolved any more.
 * @param timeout ms for all of them
 * @param given told how to give up
 * @throws Refused 502, 504
 */
export async function dial(
  addresses: readonly string[],
  port: number,
  timeout: number,
  given: (abandon: () => void) => void,
): Promise<Socket> {
  const end = performance.now() + timeout;
  let abandoned = false;
  let failure: unknown;
  for (const address of addresses) {
    const left = end - performance.now();
    if (abandoned || left <= 0) break;
    const socket = connect({ host: address, port, allowHalfOpen: true, noDelay: true });
    given(() => {
      abandoned = true;
      socket.destroy(new Error("the client has gone"));
    });
    try {
      return await connected(socket, left);
    } catch (error) {
      failure = error;
    }
  }
  const late = performance.now() >= end;
  throw late
    ? new Refused(504, "the server did not take the connection in time")
    : new Refused(502, "the server cannot be reached", {}, failure);
}

function connected(socket: Socket, timeout: number): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const timer = setTimeout(() => socket.destroy(new Error("late")), timeout);
  // The last listener for errors stays: who resets a connection later is no error of ours.
  socket.on("error", reject);
  socket.once("close", reject);
  socket.once("connect", () => {
    clearTimeout(timer);
    socket.off("close", reject);
    resolve(socket);
  });
  promise.catch(() => clearTimeout(timer));
  return promise;
}
