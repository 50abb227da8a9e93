// Connections that ask once, keep what they have and say nothing more. Arguments: port; connections; path; bytes of an answer's
// body. Says "open", and stays until its standard input ends; ends with 1 when a connection is closed.

const [port = "", count = "", path = "/", bytes = ""] = process.argv.slice(2);
/** Connections that are opened at a time. */
const wave = 200;

function fail(reason: string): never {
  console.error(reason);
  process.exit(1);
}

async function connect(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let received = "";
  const socket = await Bun.connect({
    hostname: "127.0.0.1",
    port: Number(port),
    socket: {
      data: (_socket, data) => {
        received += data.toString("latin1");
        const end = received.indexOf("\r\n\r\n");
        if (end < 0 || received.length < end + 4 + Number(bytes)) return;
        if (!received.startsWith("HTTP/1.1 200 ")) fail(received);
        received = "";
        resolve();
      },
      close: () => fail("a connection was closed"),
      error: (_socket, error) => fail(String(error)),
    },
  });
  socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
  await promise;
}

for (let left = Number(count); left > 0; left -= wave)
  await Promise.all(Array.from({ length: Math.min(wave, left) }, connect));
console.log("open");
for await (const _ of process.stdin);
process.exit(0);

export {};
