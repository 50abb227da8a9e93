import { describe, expect, test } from "bun:test";
import { createServer, type Server, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import { eventually, parseLine } from "../support/log-lines.ts";
import { RawConnection } from "../support/raw-connection.ts";
import { local, Proxy } from "./forward-support.ts";

/** A TCP server of this process that keeps its half of a connection open. */
class Peer implements Disposable {
  readonly sockets: Socket[] = [];
  readonly port: number;
  readonly #server: Server;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.port = port;
  }

  static async start(
    connected: (socket: Socket) => void = (socket) => void socket.pipe(socket),
  ): Promise<Peer> {
    const server = createServer({ allowHalfOpen: true });
    await new Promise<void>((resolve) =>
      server.listen({ port: 0, host: "127.0.0.1", backlog: 2048 }, resolve),
    );
    const peer = new Peer(server, (server.address() as AddressInfo).port);
    server.on("connection", (socket) => {
      peer.sockets.push(socket);
      socket.on("error", () => {});
      connected(socket);
    });
    return peer;
  }

  get place(): string {
    return `127.0.0.1:${this.port}`;
  }

  [Symbol.dispose](): void {
    this.#server.close();
    for (const socket of this.sockets) socket.destroy();
  }
}

/** A client that can end its half alone. */
async function open(
  proxy: Proxy,
  place: string,
): Promise<{ socket: Socket; text: () => string; ended: Promise<void> }> {
  const { connect } = await import("node:net");
  const socket = connect({ port: proxy.port, host: "127.0.0.1", allowHalfOpen: true });
  let text = "";
  socket.setEncoding("latin1").on("data", (more: string) => (text += more));
  socket.on("error", () => {});
  const ended = new Promise<void>((resolve) => socket.once("end", resolve).once("close", () => resolve()));
  socket.write(`CONNECT ${place} HTTP/1.1\r\nHost: ${place}\r\n\r\n`);
  await eventually(() => text.includes("\r\n\r\n"), "an answer");
  return { socket, text: () => text.slice(text.indexOf("\r\n\r\n") + 4), ended };
}

describe("[P3] tunnels", () => {
  test("[P3] each way ends by itself; what was sent early is not lost; bytes are logged", async () => {
    await using proxy = await Proxy.start(local);
    let heard = "";
    using late = await Peer.start((socket) => {
      socket.on("data", (part) => (heard += part.toString()));
      // Answers only when the client has said all.
      socket.once("end", () => setTimeout(() => socket.end(`heard ${heard}`), 50));
    });
    using connection = await RawConnection.open(proxy.port);
    connection.write(`CONNECT ${late.place} HTTP/1.1\r\nHost: a\r\n\r\nearly `);
    await connection.until(/\r\n\r\n/);
    connection.write("words");
    await eventually(() => heard === "early words", "the words");
    const first = await open(proxy, late.place);
    heard = "";
    first.socket.end("all");
    await first.ended;
    expect(first.text()).toBe("heard all");
    using talker = await Peer.start((socket) => {
      socket.end("hello and goodbye");
      socket.on("data", (part) => (heard += part.toString()));
    });
    heard = "";
    const second = await open(proxy, talker.place);
    await second.ended;
    expect(second.text()).toBe("hello and goodbye");
    second.socket.end("still there");
    await eventually(() => heard === "still there", "what was said after the end");
    const line = await eventually(
      () => proxy.cli.output.split("\n").find((each) => each.includes(`CONNECT ${talker.place} `)),
      "the log line",
    );
    expect(parseLine(line)).toMatchObject({
      status: "200",
      requestBytes: "11",
      responseBytes: "17",
      version: "1.1",
    });
  }, 15_000);

  test("[P3] who breaks off ends the other side too; who is not there is a 502", async () => {
    await using proxy = await Proxy.start(local);
    using peer = await Peer.start();
    const one = await open(proxy, peer.place);
    one.socket.resetAndDestroy();
    await eventually(() => peer.sockets[0]!.destroyed, "the server's end");
    const two = await open(proxy, peer.place);
    await eventually(() => peer.sockets.length === 2, "the second connection");
    peer.sockets[1]!.resetAndDestroy();
    await two.ended;
    two.socket.destroy();
    const { place } = peer;
    peer[Symbol.dispose]();
    const gone = await proxy.raw(`CONNECT ${place} HTTP/1.1\r\nHost: a\r\n\r\n`);
    expect([gone.status, gone.body]).toEqual([502, "the server cannot be reached\n"]);
  }, 15_000);

  test("[P3] an idle tunnel is cut after its time, one with traffic in one direction is not", async () => {
    await using proxy = await Proxy.start({ ...local, keepAlive: { channel: 0.3, tunnel: 1 } });
    let ticking: ReturnType<typeof setInterval> | undefined;
    using ticker = await Peer.start((socket) => {
      ticking = setInterval(() => socket.write("."), 100);
    });
    using echo = await Peer.start();
    const begun = Date.now();
    const busy = await open(proxy, ticker.place);
    const idle = await open(proxy, echo.place);
    await idle.ended;
    expect(Date.now() - begun).toBeGreaterThanOrEqual(1000);
    await eventually(() => busy.text().length > 15, "more ticks");
    expect(busy.socket.destroyed).toBe(false);
    clearInterval(ticking);
    busy.socket.destroy();
  }, 15_000);

  test("[P3] a slow reader holds the other side back", async () => {
    await using proxy = await Proxy.start(local);
    let sent = 0;
    using flood = await Peer.start((socket) => {
      const part = Buffer.alloc(64 * 1024);
      const send = (): void => {
        do sent += part.length;
        while (!socket.destroyed && socket.write(part));
      };
      socket.on("drain", send);
      send();
    });
    using reader = await proxy.tunnel(flood.place);
    reader.pause();
    let before = -1;
    while (before !== sent) {
      before = sent;
      await Bun.sleep(200);
    }
    expect(sent).toBeLessThan(40 << 20);
  }, 15_000);

  test("[P3] there are only so many of one client, and in all", async () => {
    using peer = await Peer.start();
    const refused = async (proxy: Proxy): Promise<[number, string | null]> => {
      const { status, headers } = await proxy.raw(`CONNECT ${peer.place} HTTP/1.1\r\nHost: a\r\n\r\n`);
      return [status, headers.get("retry-after")];
    };
    for (const [limits, status] of [
      [{ maxTunnelsPerClient: 2 }, 429],
      [{ maxTunnels: 2 }, 503],
    ] as const) {
      await using proxy = await Proxy.start({ ...local, ...limits });
      using _one = await proxy.tunnel(peer.place);
      const two = await proxy.tunnel(peer.place);
      expect(await refused(proxy)).toEqual([status, "5"]);
      two[Symbol.dispose]();
      await eventually(
        () =>
          proxy.cli.output
            .split("\n")
            .some((line) => line.includes("CONNECT") && / 1\.1 \d+ 200 /.test(line)),
        "the end of the second one",
      );
      using _three = await proxy.tunnel(peer.place);
    }
  }, 15_000);

  test("[P3] a thousand of them, twice, and the memory stays flat", async () => {
    const count = 1000;
    await using proxy = await Proxy.start({ ...local, maxTunnelsPerClient: count });
    using peer = await Peer.start();
    const [worker] = (await Bun.file(`/proc/${proxy.cli.pid}/task/${proxy.cli.pid}/children`).text()).split(
      " ",
    );
    const memory = async (): Promise<number> =>
      Number(/^VmRSS:\s+(\d+)/m.exec(await Bun.file(`/proc/${worker}/status`).text())![1]) / 1024;
    const round = async (): Promise<number> => {
      const tunnels: RawConnection[] = [];
      while (tunnels.length < count)
        tunnels.push(...(await Promise.all(Array.from({ length: 100 }, () => proxy.tunnel(peer.place)))));
      await Promise.all(tunnels.map((each) => each.write("x".repeat(2000)).until(/x{2000}/, 10)));
      const used = await memory();
      for (const each of tunnels) each[Symbol.dispose]();
      await eventually(() => peer.sockets.every(({ destroyed }) => destroyed), "the end of all", 10);
      return used;
    };
    const before = await memory();
    const first = await round();
    await round();
    const third = await round();
    expect(first - before).toBeLessThan(120);
    expect(third - first).toBeLessThan(48);
  }, 40_000);
});
