import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "bun:test";
import { notify, takeSupervision } from "../../src/system/sd-notify.ts";
import { Service } from "../process/support.ts";

const python = Bun.which("python3");
/** Bun has no datagram sockets of this family: Python binds one and prints each message as a line of JSON. */
const script = `
import json, os, socket, sys, time
receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
name = sys.argv[1]
receiver.bind("\\0" + name[1:] if name.startswith("@") else name)
print(json.dumps("bound"), flush=True)
while True:
    text = receiver.recv(65536).decode()
    print(json.dumps({"text": text, "at": time.monotonic_ns() // 1000}), flush=True)
`;

interface Received {
  readonly text: string;
  /** CLOCK_MONOTONIC in µs. */
  readonly at: number;
}

/** A real AF_UNIX datagram socket, like systemd's. */
class Receiver implements AsyncDisposable {
  readonly #process: Bun.Subprocess<"ignore", "pipe", "inherit">;
  readonly #lines: AsyncIterator<string>;

  private constructor(socket: string) {
    this.#process = Bun.spawn([python!, "-c", script, socket], { stdio: ["ignore", "pipe", "inherit"] });
    this.#lines = lines(this.#process.stdout);
  }

  static async bind(socket: string): Promise<Receiver> {
    const receiver = new Receiver(socket);
    expect(await receiver.#read()).toBe("bound");
    return receiver;
  }

  async next(): Promise<Received> {
    return (await this.#read()) as Received;
  }

  async #read(): Promise<unknown> {
    return JSON.parse((await this.#lines.next()).value);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill();
    await this.#process.exited;
  }
}

async function* lines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let text = "";
  for await (const chunk of stream.pipeThrough(
    new TextDecoderStream() as never,
  ) as unknown as AsyncIterable<string>) {
    text += chunk;
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n")) {
      yield text.slice(0, end);
      text = text.slice(end + 1);
    }
  }
}

const sockets = (): string[] => [
  join(mkdtempSync(join(tmpdir(), "notify-")), "socket"),
  `@skitai-test-${process.pid}-${crypto.randomUUID()}`,
];

test.skipIf(!python)("[Y1] a message is one datagram, to a path and to an abstract name", async () => {
  for (const socket of sockets()) {
    await using receiver = await Receiver.bind(socket);
    expect(notify(socket, "READY=1", "STATUS=zażółć")).toBe(true);
    expect((await receiver.next()).text).toBe("READY=1\nSTATUS=zażółć");
  }
});

test("[Y1] nobody there is no error", () => {
  for (const socket of [...sockets(), `/${"x".repeat(200)}`]) expect(notify(socket, "READY=1")).toBe(false);
});

test("[Y1] what systemd asks is taken out of the environment; a watchdog of another process is not ours", () => {
  const environment = {
    NOTIFY_SOCKET: "@a",
    WATCHDOG_USEC: "30000000",
    WATCHDOG_PID: String(process.pid),
    HOME: "/",
  };
  expect(takeSupervision(environment)).toEqual({ socket: "@a", watchdog: 30 });
  expect<unknown>(environment).toEqual({ HOME: "/" });
  expect(takeSupervision({ WATCHDOG_USEC: "1000", WATCHDOG_PID: "1" }).watchdog).toBeUndefined();
  expect(takeSupervision({ WATCHDOG_USEC: "2000000" }).watchdog).toBe(2);
  expect(takeSupervision({ NOTIFY_SOCKET: "relative", WATCHDOG_USEC: "x" })).toEqual({
    socket: undefined,
    watchdog: undefined,
  });
});

test.skipIf(!python)(
  "[Y1] a service says ready when it serves, that it lives, and that it stops; workers know nothing of it",
  async () => {
    for (const socket of sockets()) {
      await using receiver = await Receiver.bind(socket);
      const env = { NOTIFY_SOCKET: socket, WATCHDOG_USEC: "400000" };
      await using service = await Service.ready("app.ts", { args: ["--name=noted", "--workers=2"], env });
      const ready = await receiver.next();
      const url = await service.url("");
      expect(ready.text).toBe(`READY=1\nMAINPID=${service.pid}\nSTATUS=noted serves ${url}/ from 2 workers`);
      const [first, second] = [await receiver.next(), await receiver.next()];
      expect([first.text, second.text]).toEqual(["WATCHDOG=1", "WATCHDOG=1"]);
      // Twice within the time that was given.
      expect(second.at - ready.at).toBeGreaterThan(350_000);
      const { own, child } = (await (await fetch(await service.url("/environment"))).json()) as {
        own: Record<string, string>;
        child: string;
      };
      expect(Object.keys(own).filter((name) => /^(NOTIFY|WATCHDOG)_/.test(name))).toEqual([]);
      expect(child).not.toMatch(/NOTIFY_SOCKET|WATCHDOG_/);
      const beside = async (): Promise<Received> => {
        const received = await receiver.next();
        return received.text === "WATCHDOG=1" ? beside() : received;
      };
      service.signal("SIGHUP");
      const reloading = await beside();
      const [, clock] = /^RELOADING=1\nMONOTONIC_USEC=(\d+)\nSTATUS=reloading$/.exec(reloading.text)!;
      expect(Number(clock)).toBeGreaterThan(second.at);
      expect(Number(clock)).toBeLessThanOrEqual(reloading.at);
      expect((await beside()).text).toBe("READY=1\nSTATUS=reloaded");
      service.signal("SIGTERM");
      const last = await beside();
      expect(last.text).toBe("STOPPING=1\nSTATUS=stopping");
      expect((await service.ended()).code).toBe(0);
    }
  },
);
