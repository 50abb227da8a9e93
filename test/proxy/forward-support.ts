import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { ProxyKeepAlive, ProxyOptions } from "../../src/config/proxy-options.ts";
import type { TestClient } from "../../src/testing/client.ts";
import { testClient } from "../../src/testing/index.ts";
import { type RawAnswer, RawConnection } from "../support/raw-connection.ts";
import { freePort } from "../tls/support.ts";

export const script = Bun.fileURLToPath(new URL("./fixtures/forward-serve.ts", import.meta.url));

type Given = Omit<ProxyOptions, "port" | "lookup"> & {
  readonly lookup?: Record<string, readonly string[] | "never">;
  /** Passwords are `<user>'s`, by a function. */
  readonly checks?: boolean;
  readonly keepAlive?: ProxyKeepAlive;
};

/** What a local test needs: this machine, on any port. */
export const local = {
  allow: ["*", "127.0.0.1"],
  connectPorts: ["1-65535"],
  httpPorts: ["1-65535"],
} as const satisfies Given;

/** A service with a forward proxy. */
export class Proxy implements AsyncDisposable {
  readonly port: number;
  readonly cli: TestClient;

  private constructor(port: number, cli: TestClient) {
    this.port = port;
    this.cli = cli;
  }

  static async start(
    given: Given = local,
    more: { workers?: number; env?: Record<string, string>; args?: string[] } = {},
  ): Promise<Proxy> {
    const port = freePort();
    const env = { PROXY: JSON.stringify({ ...given, port }), ...more.env };
    return new Proxy(port, await testClient(script, 0, { workers: 1, ...more, env }));
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** One request, byte for byte, on a connection of its own. */
  async raw(request: string, options?: { bodyless?: boolean; seconds?: number }): Promise<RawAnswer> {
    using connection = await RawConnection.open(this.port);
    return await connection.write(request).answer(options);
  }

  async get(url: string, ...lines: readonly string[]): Promise<RawAnswer> {
    return this.raw(
      `GET ${url} HTTP/1.1\r\n${["Host: x", ...lines, "Connection: close"].join("\r\n")}\r\n\r\n`,
    );
  }

  /** An open tunnel; what comes next is the server's. */
  async tunnel(place: string, ...lines: readonly string[]): Promise<RawConnection> {
    const connection = await RawConnection.open(this.port);
    const head = [`CONNECT ${place} HTTP/1.1`, `Host: ${place}`, ...lines].join("\r\n");
    await connection.write(`${head}\r\n\r\n`).until(/\r\n\r\n/);
    if (!connection.received.startsWith("HTTP/1.1 200 ")) throw new Error(connection.received);
    connection.received = connection.received.slice(connection.received.indexOf("\r\n\r\n") + 4);
    return connection;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cli[Symbol.asyncDispose]();
  }
}

/** A server of this process. */
export class Origin implements Disposable {
  readonly server: Server;
  readonly port: number;
  readonly requests: IncomingMessage[] = [];
  connections = 0;

  private constructor(server: Server) {
    this.server = server;
    this.port = (server.address() as AddressInfo).port;
    server.on("request", (request) => this.requests.push(request));
    server.on("connection", () => this.connections++);
  }

  static async start(
    answer: (request: IncomingMessage, response: ServerResponse) => void = echo,
  ): Promise<Origin> {
    const server = createServer(answer);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new Origin(server);
  }

  url(path = "/"): string {
    return `http://127.0.0.1:${this.port}${path}`;
  }

  /** The one request that came. */
  get request(): IncomingMessage {
    if (this.requests.length !== 1) throw new Error(`${this.requests.length} requests`);
    return this.requests[0]!;
  }

  [Symbol.dispose](): void {
    this.server.close();
    this.server.closeAllConnections();
  }
}

/** Method, path and body, with fields that must not be touched. */
export function echo(request: IncomingMessage, response: ServerResponse): void {
  const parts: Buffer[] = [];
  request.on("data", (part: Buffer) => parts.push(part));
  request.on("end", () => {
    const body = `${request.method} ${request.url} ${Buffer.concat(parts).toString("latin1")}`;
    response.setHeader("Set-Cookie", ["a=1", "b=2"]);
    response.setHeader("Content-Length", Buffer.byteLength(body));
    response.end(body);
  });
}
