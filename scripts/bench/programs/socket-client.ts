import type { Socket } from "bun";

// Websocket clients that count bytes: what they take is little beside what servers do. Arguments: echo, room or idle; port;
// connections; seconds. Prints JSON, `Heard` of `sockets.ts`; idle says "open" and stays until its standard input ends.

const [mode = "", port = "", count = "", seconds = "3"] = process.argv.slice(2);
/** Of a message: its number and padding; of its frame, from a server. */
const payload = 32;
const width = 2 + payload;
/** Messages of a room on the way at a time. */
const batch = 10;
/** Handshakes on the way at a time. */
const wave = 200;

interface Peer {
  socket: Socket<Peer>;
  open: boolean;
  /** Frames that are not whole yet, or the head of the handshake. */
  rest: Buffer;
  frame(bytes: Buffer, at: number): void;
  opened(): void;
}

/** A masked text frame (RFC 6455 §5.2); the mask is 0. */
function frameOf(number: number): Buffer {
  const frame = Buffer.alloc(6 + payload, "x");
  frame.set([0x81, 0x80 | payload, 0, 0, 0, 0]);
  frame.write(String(number).padStart(8, "0"), 6, "latin1");
  return frame;
}

const numberOf = (bytes: Buffer, at: number): number => Number(bytes.toString("latin1", at + 2, at + 10));

function fail(reason: string): never {
  console.error(reason);
  process.exit(1);
}

function received(peer: Peer, data: Buffer): void {
  let bytes = peer.rest.length > 0 ? Buffer.concat([peer.rest, data]) : data;
  if (!peer.open) {
    const end = bytes.indexOf("\r\n\r\n");
    if (end < 0) return void (peer.rest = Buffer.from(bytes));
    if (!bytes.toString("latin1", 0, 13).startsWith("HTTP/1.1 101 ")) fail(bytes.toString("latin1", 0, end));
    peer.open = true;
    bytes = bytes.subarray(end + 4);
    peer.opened();
  }
  let at = 0;
  for (; bytes.length - at >= width; at += width) {
    if (bytes[at] !== 0x81 || bytes[at + 1] !== payload)
      fail(`a frame begins with ${bytes[at]} ${bytes[at + 1]}`);
    peer.frame(bytes, at);
  }
  peer.rest = at === bytes.length ? nothing : Buffer.from(bytes.subarray(at));
}

const nothing = Buffer.alloc(0);

async function connect(path: string, frame: Peer["frame"]): Promise<Peer> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const peer: Peer = { socket: undefined!, open: false, rest: nothing, frame, opened: resolve };
  peer.socket = await Bun.connect<Peer>({
    hostname: "127.0.0.1",
    port: Number(port),
    data: peer,
    socket: {
      data: (_socket, data) => received(peer, data),
      close: () => fail("a connection was closed"),
      error: (_socket, error) => fail(String(error)),
    },
  });
  const head = [
    `GET ${path} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version: 13",
  ];
  peer.socket.write(`${head.join("\r\n")}\r\n\r\n`);
  await promise;
  return peer;
}

async function connectAll(path: string, frame: (index: number) => Peer["frame"]): Promise<Peer[]> {
  const peers: Peer[] = [];
  while (peers.length < Number(count)) {
    const more = Math.min(wave, Number(count) - peers.length);
    peers.push(
      ...(await Promise.all(
        Array.from({ length: more }, (_, index) => connect(path, frame(peers.length + index))),
      )),
    );
  }
  return peers;
}

/** Every eighth is kept: a histogram of all would take longer than what it measures. */
const latencies: number[] = [];
let messages = 0;
let begun = 0;

function note(sent: number): void {
  if ((messages++ & 7) === 0) latencies.push(performance.now() - sent);
}

function tell(): never {
  const elapsed = (performance.now() - begun) / 1000;
  const sorted = new Float64Array(latencies).sort();
  const p99 = sorted[Math.floor(sorted.length * 0.99)];
  console.log(JSON.stringify({ messages, rate: messages / elapsed, p99 }));
  process.exit(0);
}

const isOver = (): boolean => performance.now() - begun >= Number(seconds) * 1000;

/** Each sends one message, and the next when that is back. */
async function echo(): Promise<void> {
  const sent = new Float64Array(Number(count));
  const frame = frameOf(0);
  let waiting = Number(count);
  const ask = (index: number): void => {
    sent[index] = performance.now();
    peers[index]!.socket.write(frame);
  };
  const peers = await connectAll("/echo", (index) => () => {
    note(sent[index]!);
    if (!isOver()) ask(index);
    else if (--waiting === 0) tell();
  });
  begun = performance.now();
  for (let index = 0; index < peers.length; index++) ask(index);
}

/** One says several messages; when all have heard all of them, the next ones. Each hears each once, and in order. */
async function room(): Promise<void> {
  const next = new Uint32Array(Number(count));
  const sent: number[] = [];
  let missing = 0;
  const speak = (): void => {
    missing = batch * peers.length;
    const frames = Array.from({ length: batch }, (_, index) => frameOf(sent.length + index));
    sent.push(...frames.map(() => performance.now()));
    peers[0]!.socket.write(Buffer.concat(frames));
  };
  const peers = await connectAll("/room?room_id=all", (index) => (bytes, at) => {
    const number = numberOf(bytes, at);
    if (number !== next[index]!++) fail(`client ${index} heard ${number}, not ${next[index]! - 1}`);
    note(sent[number]!);
    if (--missing > 0) return;
    if (isOver()) tell();
    speak();
  });
  // Workers learn who is where.
  await Bun.sleep(300);
  begun = performance.now();
  speak();
}

async function idle(): Promise<void> {
  await connectAll("/echo", () => () => {});
  console.log("open");
  for await (const _ of process.stdin);
  process.exit(0);
}

await ({ echo, room, idle }[mode] ?? idle)();
