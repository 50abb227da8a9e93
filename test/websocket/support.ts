import { connect, type Socket } from "node:net";

type Data = string | Buffer;

/** Bun's client; what comes is asked for one by one. */
export class Client implements Disposable {
  readonly socket: WebSocket;
  readonly #got: Data[] = [];
  readonly #closed = Promise.withResolvers<{ code: number; reason: string }>();
  #wake: (() => void) | undefined;
  #end: { code: number; reason: string } | undefined;

  constructor(url: string, options: { headers?: Record<string, string>; protocols?: string[] } = {}) {
    this.socket = new WebSocket(url.replace(/^http/, "ws"), options as never);
    this.socket.binaryType = "nodebuffer";
    this.socket.onmessage = ({ data }) => {
      this.#got.push(data as Data);
      this.#wake?.();
    };
    this.socket.onerror = () => {};
    this.socket.onclose = ({ code, reason }) => {
      this.#end = { code, reason };
      this.#closed.resolve(this.#end);
      this.#wake?.();
    };
  }

  static async open(url: string, options?: ConstructorParameters<typeof Client>[1]): Promise<Client> {
    const client = new Client(url, options);
    await new Promise<void>((resolve, reject) => {
      client.socket.addEventListener("open", () => resolve());
      client.socket.addEventListener("error", (event) => reject(new Error((event as ErrorEvent).message)));
    });
    return client;
  }

  get closed(): Promise<{ code: number; reason: string }> {
    return this.#closed.promise;
  }

  /** Messages that came and were not asked for. */
  get left(): number {
    return this.#got.length;
  }

  send(data: string | Uint8Array<ArrayBuffer>): this {
    this.socket.send(data);
    return this;
  }

  /** @throws when it is closed, or nothing comes in 5 s */
  async next(): Promise<Data> {
    const end = Date.now() + 5000;
    for (;;) {
      const data = this.#got.shift();
      if (data !== undefined) return data;
      if (this.#end) throw new Error(`closed with ${this.#end.code} ${this.#end.reason}`);
      const left = end - Date.now();
      if (left <= 0) throw new Error("no message within 5 s");
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, left);
      this.#wake = resolve;
      await promise;
      clearTimeout(timer);
    }
  }

  async take(count: number): Promise<Data[]> {
    const all: Data[] = [];
    while (all.length < count) all.push(await this.next());
    return all;
  }

  async ask(data: string | Uint8Array<ArrayBuffer>): Promise<Data> {
    return this.send(data).next();
  }

  [Symbol.dispose](): void {
    this.socket.terminate();
  }
}

export interface Frame {
  readonly opcode: number;
  readonly fin: boolean;
  readonly rsv: number;
  readonly payload: Buffer;
}

interface FrameOptions {
  readonly fin?: boolean;
  readonly masked?: boolean;
  /** Reserved bits of the first byte. */
  readonly rsv?: number;
}

/** One frame of a client (RFC 6455 §5.2). */
export function frame(
  opcode: number,
  content: string | Uint8Array,
  { fin = true, masked = true, rsv = 0 }: FrameOptions = {},
): Buffer {
  const payload = Buffer.from(content as string);
  const { length } = payload;
  const bit = masked ? 0x80 : 0;
  const first = (fin ? 0x80 : 0) | rsv | opcode;
  let head: Buffer;
  if (length < 126) head = Buffer.from([first, bit | length]);
  else if (length < 65536) head = Buffer.from([first, bit | 126, length >> 8, length & 255]);
  else {
    head = Buffer.alloc(10);
    head[0] = first;
    head[1] = bit | 127;
    head.writeBigUInt64BE(BigInt(length), 2);
  }
  if (!masked) return Buffer.concat([head, payload]);
  const key = Buffer.from([0x12, 0x34, 0x56, 0x78]);
  for (let i = 0; i < length; i++) payload[i]! ^= key[i & 3]!;
  return Buffer.concat([head, key, payload]);
}

/** A websocket client that sends what it is told, byte for byte. */
export class RawClient implements Disposable {
  readonly head: string;
  readonly #socket: Socket;
  #bytes: Buffer;
  #wake: (() => void) | undefined;
  ended = false;

  private constructor(socket: Socket, head: string, rest: Buffer) {
    this.#socket = socket;
    this.head = head;
    this.#bytes = rest;
    socket.on("data", (bytes: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, bytes]);
      this.#wake?.();
    });
    socket.on("close", () => {
      this.ended = true;
      this.#wake?.();
    });
  }

  static open(port: number, path: string, lines: readonly string[] = []): Promise<RawClient> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, "127.0.0.1");
      let bytes = Buffer.alloc(0);
      socket.on("error", reject);
      const more = (data: Buffer): void => {
        bytes = Buffer.concat([bytes, data]);
        const end = bytes.indexOf("\r\n\r\n");
        if (end < 0) return;
        socket.off("data", more);
        resolve(new RawClient(socket, bytes.subarray(0, end).toString("latin1"), bytes.subarray(end + 4)));
      };
      socket.on("data", more);
      const all = [
        `GET ${path} HTTP/1.1`,
        `Host: 127.0.0.1:${port}`,
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
        ...lines,
      ];
      socket.write(`${all.join("\r\n")}\r\n\r\n`);
    });
  }

  write(...parts: readonly Uint8Array[]): this {
    for (const part of parts) this.#socket.write(part);
    return this;
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** The next frame; `undefined` when the connection has ended. */
  async next(seconds = 5): Promise<Frame | undefined> {
    const end = Date.now() + seconds * 1000;
    for (;;) {
      const found = this.#take();
      if (found !== undefined) return found;
      if (this.ended) return undefined;
      const left = end - Date.now();
      if (left <= 0) throw new Error(`no frame within ${seconds} s`);
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, left);
      this.#wake = resolve;
      await promise;
      clearTimeout(timer);
    }
  }

  /** The code of the close frame, which is what comes next; and then the connection ends. */
  async closeCode(): Promise<number> {
    const found = await this.next();
    if (found?.opcode !== 8) throw new Error(`no close frame but ${found?.opcode} ${found?.payload}`);
    if ((await this.next()) !== undefined) throw new Error("a frame behind the close frame");
    return found.payload.length === 0 ? 1005 : found.payload.readUInt16BE(0);
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  #take(): Frame | undefined {
    const bytes = this.#bytes;
    if (bytes.length < 2) return undefined;
    let length = bytes[1]! & 127;
    let start = 2;
    if (length === 126) {
      if (bytes.length < 4) return undefined;
      length = bytes.readUInt16BE(2);
      start = 4;
    } else if (length === 127) {
      if (bytes.length < 10) return undefined;
      length = Number(bytes.readBigUInt64BE(2));
      start = 10;
    }
    if (bytes.length < start + length) return undefined;
    this.#bytes = bytes.subarray(start + length);
    return {
      opcode: bytes[0]! & 15,
      fin: bytes[0]! >= 128,
      rsv: bytes[0]! & 0x70,
      payload: bytes.subarray(start, start + length),
    };
  }
}

export const fixture = new URL("./fixtures/serve.ts", import.meta.url);
