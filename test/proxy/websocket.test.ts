import { afterAll, beforeAll, expect, test } from "bun:test";
import type { TestClient } from "../../src/testing/index.ts";
import { eventually } from "../process/support.ts";
import { RawConnection } from "../support/raw-connection.ts";
import { proxyTo } from "./support.ts";

interface Seen {
  path: string;
  headers: Headers;
  closed?: { code: number; reason: string };
  pinged: string[];
  ponged: string[];
}

const seen: Seen[] = [];
let sockets: Bun.ServerWebSocket<Seen>[] = [];
let upstream: Bun.Server<Seen>;
let proxy: TestClient;

beforeAll(async () => {
  upstream = Bun.serve<Seen>({
    port: 0,
    hostname: "127.0.0.1",
    fetch(request, server) {
      const { pathname } = new URL(request.url);
      if (pathname === "/v2/refused") return new Response("no", { status: 403 });
      if (pathname === "/v2/slow") return new Promise(() => {});
      const data = { path: pathname, headers: request.headers, pinged: [], ponged: [] };
      seen.push(data);
      const wanted = request.headers.get("sec-websocket-protocol")?.split(",").at(-1)?.trim();
      const headers: Record<string, string> =
        wanted === undefined ? {} : { "sec-websocket-protocol": wanted };
      return server.upgrade(request, { data, headers }) ? undefined : new Response("plain");
    },
    websocket: {
      maxPayloadLength: 64 << 20,
      open(socket) {
        sockets.push(socket);
        if (socket.data.path === "/v2/greets") socket.send("hello at once");
      },
      message(socket, message) {
        if (message === "close me") socket.close(4001, "as you wish");
        else if (message === "ping me") socket.ping("are you there");
        else if (message === "flood") for (let n = 0; n < 200; n++) socket.send(Buffer.alloc(100_000, n));
        else socket.send(message);
      },
      ping: (socket, data) => void socket.data.pinged.push(String(data)),
      pong: (socket, data) => void socket.data.ponged.push(String(data)),
      close: (socket, code, reason) => void (socket.data.closed = { code, reason }),
    },
  });
  proxy = await proxyTo([upstream.port!]);
});
afterAll(async () => {
  await proxy.stop();
  await upstream.stop(true);
});

interface Client {
  socket: WebSocket;
  messages: (string | Buffer)[];
  closed: Promise<CloseEvent>;
  opened: Promise<void>;
}

function connect(path: string, protocols?: string[], to = proxy): Client {
  const url = `${to.url.replace("http", "ws")}/search${path}`;
  const socket = protocols === undefined ? new WebSocket(url) : new WebSocket(url, protocols);
  socket.binaryType = "nodebuffer" as "arraybuffer";
  const messages: (string | Buffer)[] = [];
  socket.onmessage = ({ data }) => void messages.push(data as string);
  const closed = new Promise<CloseEvent>((resolve) => socket.addEventListener("close", resolve));
  const opened = new Promise<void>((resolve) => socket.addEventListener("open", () => resolve()));
  return { socket, messages, closed, opened };
}
const last = (path: string): Seen => seen.findLast((each) => each.path === `/v2${path}`)!;

test("[P1] text, binary, and messages of 1 MB pass both ways in order", async () => {
  const { socket, messages, opened } = connect("/echo");
  await opened;
  const large = Buffer.alloc(1 << 20, 7);
  for (const message of ["text \u{1f600}", Buffer.from([0, 255, 1]), large]) socket.send(message);
  await eventually(() => messages.length === 3);
  expect(messages[0]).toBe("text \u{1f600}");
  expect([...(messages[1] as Buffer)]).toEqual([0, 255, 1]);
  expect((messages[2] as Buffer).equals(large)).toBe(true);
  expect(last("/echo").headers.get("x-forwarded-prefix")).toBe("/search");
  expect(last("/echo").headers.get("x-gtxn-id")).toStartWith("GTID-");
  socket.close();
});

test("[P1] what the upstream says at once is not lost; the subprotocol is the one it chose", async () => {
  const { socket, messages, opened } = connect("/greets", ["a", "b"]);
  await opened;
  await eventually(() => messages.length === 1);
  expect([messages[0], socket.protocol]).toEqual(["hello at once", "b"]);
  socket.close();
});

test("[P1] close codes and reasons pass both ways", async () => {
  const one = connect("/closes");
  await one.opened;
  one.socket.send("close me");
  expect(await one.closed).toMatchObject({ code: 4001, reason: "as you wish" });
  const two = connect("/closed");
  await two.opened;
  two.socket.close(3005, "enough");
  expect(await eventually(() => last("/closed").closed)).toEqual({ code: 3005, reason: "enough" });
});

test("[P1] pings pass both ways", async () => {
  const { socket, opened } = connect("/pings");
  await opened;
  (socket as unknown as { ping(data: string): void }).ping("anyone");
  await eventually(() => last("/pings").pinged.includes("anyone"));
  socket.send("ping me");
  await eventually(() => last("/pings").ponged.includes("are you there"));
  socket.close();
});

test("[P1] a client that does not read gets all of it when it does", async () => {
  const { socket, messages, opened } = connect("/flood");
  await opened;
  const pausing = socket as unknown as { pause(): void; resume(): void };
  pausing.pause();
  socket.send("flood");
  await Bun.sleep(300);
  pausing.resume();
  await eventually(() => messages.length === 200);
  expect(messages.map((message) => (message as Buffer)[99_999])).toEqual(
    Array.from({ length: 200 }, (_, n) => n),
  );
  socket.close();
});

test("[P1] a client that vanishes ends the upstream's socket; one the upstream loses is told 1011", async () => {
  const handshake =
    "GET /search/vanishes HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
  const raw = await RawConnection.open(proxy.port);
  await raw.write(handshake).until(/101 Switching/);
  raw[Symbol.dispose]();
  expect((await eventually(() => last("/vanishes").closed)).code).toBe(1011);
  const { closed, opened } = connect("/lost");
  await opened;
  sockets.find(({ data }) => data.path === "/v2/lost")!.terminate();
  expect((await closed).code).toBe(1011);
});

test("[P1] a refused handshake is refused with its status, one without an answer is a 504, and the log says 101 for the others", async () => {
  const upgrade = {
    upgrade: "websocket",
    connection: "Upgrade",
    "sec-websocket-version": "13",
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
  };
  const lines = Object.entries(upgrade).map(([name, value]) => `${name}: ${value}\r\n`);
  for (const [path, status] of [
    ["/refused", 403],
    ["/slow", 504],
  ] as const) {
    using raw = await RawConnection.open(proxy.port);
    raw.write(`GET /search${path} HTTP/1.1\r\nHost: a\r\n${lines.join("")}\r\n`);
    const answer = await raw.answer();
    expect(answer.status).toBe(status);
    expect(answer.body).toContain(status === 504 ? "@up: " : "");
  }
  await eventually(() => /GET \/search\/echo 1\.1 0 101 /.test(proxy.output));
});

test("[P1] when the service stops both sides are told 1001", async () => {
  const own = await proxyTo([upstream.port!], { args: ["--grace-timeout=0.2"] });
  const { closed, opened } = connect("/stops", undefined, own);
  await opened;
  await own.stop();
  expect((await closed).code).toBe(1001);
  expect((await eventually(() => last("/stops").closed)).code).toBe(1001);
  sockets = [];
});
