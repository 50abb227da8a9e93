/**
 * Sends bytes as they are to a port of this machine and gives what came back until the other end closed.
 * @param seconds after which the connection is given up, with an error that shows what had come
 */
export async function raw(port: number, request: string, seconds = 5): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let answer = "";
  const socket = await Bun.connect({
    hostname: "127.0.0.1",
    port,
    socket: {
      data: (_, bytes) => void (answer += bytes.toString("latin1")),
      close: () => resolve(answer),
      error: (_, error) => reject(error),
    },
  });
  const timer = setTimeout(
    () => reject(new Error(`not closed within ${seconds} s: ${answer}`)),
    seconds * 1000,
  );
  socket.write(Buffer.from(request, "latin1"));
  return promise.finally(() => {
    clearTimeout(timer);
    socket.terminate();
  });
}
