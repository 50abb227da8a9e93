import { createServer, type Server, type Socket } from "node:net";
import { type TestClient, testClient } from "../../src/testing/index.ts";

const script = new URL("./fixtures/proxy.ts", import.meta.url);

interface ProxyOptions {
  readonly options?: object;
  readonly type?: string;
  readonly args?: readonly string[];
}

/** A service that proxies everything, and `/search` to `/v2`, to these members. */
export const proxyTo = (
  members: readonly (number | string)[],
  { options = {}, type = "http", args = [] }: ProxyOptions = {},
): Promise<TestClient> =>
  testClient(script, undefined, {
    args: [
      `--members=${members.map((each) => (typeof each === "number" ? `127.0.0.1:${each}` : each)).join(",")}`,
      `--options=${JSON.stringify(options)}`,
      `--type=${type}`,
      ...args,
    ],
  });

/** What came on one connection of a raw upstream. */
export interface Peer {
  readonly socket: Socket;
  /** Latin-1. */
  received: string;
  closed: boolean;
  /** Requests that began on it, by their blank lines. */
  requests: number;
}

/** A TCP server that says what it is told, byte for byte. */
export class RawUpstream implements AsyncDisposable {
  readonly peers: Peer[] = [];
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** @param asked called for each head of a request that came, with its text */
  static async start(asked: (peer: Peer, head: string) => void): Promise<RawUpstream> {
    const server = createServer({ allowHalfOpen: true });
    const upstream = new RawUpstream(server);
    server.on("connection", (socket) => upstream.#join(socket, asked));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return upstream;
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port;
  }

  get requests(): number {
    return this.peers.reduce((sum, { requests }) => sum + requests, 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { socket } of this.peers) socket.destroy();
    this.#server.close();
  }

  #join(socket: Socket, asked: (peer: Peer, head: string) => void): void {
    const peer: Peer = { socket, received: "", closed: false, requests: 0 };
    let from = 0;
    this.peers.push(peer);
    socket.on("error", () => {});
    socket.on("close", () => (peer.closed = true));
    socket.on("end", () => {
      peer.closed = true;
      socket.end();
    });
    socket.on("data", (bytes: Buffer) => {
      peer.received += bytes.toString("latin1");
      const start = peer.received
        .slice(from)
        .search(/(?:GET|HEAD|POST|PUT|DELETE|OPTIONS) \S+ HTTP\/1\.1\r\n/);
      const end = start < 0 ? -1 : peer.received.indexOf("\r\n\r\n", from + start);
      if (end < 0) return;
      const head = peer.received.slice(from + start, end);
      from = end + 4;
      peer.requests++;
      asked(peer, head);
    });
  }
}

/** A raw upstream that gives the same bytes to every request. */
export const saying = (answer: string): Promise<RawUpstream> =>
  RawUpstream.start(({ socket }) => void socket.write(answer, "latin1"));

export const ok = (body: string, fields = ""): string =>
  `HTTP/1.1 200 OK\r\n${fields}Content-Length: ${body.length}\r\n\r\n${body}`;
