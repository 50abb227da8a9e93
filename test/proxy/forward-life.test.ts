import { expect, test } from "bun:test";
import { eventually } from "../support/log-lines.ts";
import { RawConnection } from "../support/raw-connection.ts";
import { local, Origin, Proxy } from "./forward-support.ts";

/** Fifty of them: RELOADS=50 bun test test/proxy/forward-life.test.ts */
const reloads = Number(process.env["RELOADS"] ?? 2);

/** Clients that forgive nothing: fresh and kept connections, and tunnels. */
class Load {
  readonly failures: string[] = [];
  readonly counts = { fresh: 0, kept: 0, tunnel: 0 };
  #over = false;
  readonly #clients: Promise<void>[];

  constructor(proxy: Proxy, origin: Origin) {
    const ask = `GET ${origin.url("/x")} HTTP/1.1\r\nHost: a\r\n\r\n`;
    const expected = "GET /x ";
    const check = ({ status, body }: { status: number; body: string }): void => {
      if (status !== 200 || body !== expected) throw new Error(`${status} ${body}`);
    };
    const acts: Record<keyof Load["counts"], () => Promise<void>> = {
      fresh: async () => check(await proxy.get(origin.url("/x"))),
      kept: async () => {
        using connection = await RawConnection.open(proxy.port);
        for (let closing = false; !closing && !this.#over; this.counts.kept++) {
          const answer = await connection.write(ask).answer({ seconds: 8 });
          check(answer);
          closing = answer.headers.get("connection") === "close";
        }
      },
      tunnel: async () => {
        using connection = await proxy.tunnel(`127.0.0.1:${origin.port}`);
        await Bun.sleep(50);
        check(await connection.write("GET /x HTTP/1.1\r\nHost: a\r\n\r\n").answer({ seconds: 8 }));
      },
    };
    this.#clients = Object.entries(acts).flatMap(([name, act]) =>
      [0, 1].map(async () => {
        while (!this.#over)
          await act().then(
            () => void this.counts[name as keyof Load["counts"]]++,
            (error: Error) => void this.failures.push(`${name}: ${error.message}`),
          );
      }),
    );
  }

  async end(): Promise<void> {
    this.#over = true;
    await Promise.all(this.#clients);
  }
}

/** The workers that write log lines, by where their ids come from. */
const origins = (output: string): Set<string> => new Set(output.match(/GTID-C\d+/g));

test(`[P3] two workers share the port, and ${reloads} reloads lose no request and cut no tunnel`, async () => {
  using origin = await Origin.start();
  await using proxy = await Proxy.start(local, { workers: 2 });
  const load = new Load(proxy, origin);
  // One that is open all the time.
  using open = await proxy.tunnel(`127.0.0.1:${origin.port}`);
  await eventually(() => origins(proxy.cli.output).size >= 2, "lines of two workers");
  for (let n = 1; n <= reloads; n++) {
    const seen = origins(proxy.cli.output);
    process.kill(proxy.cli.pid!, "SIGHUP");
    await eventually(() => origins(proxy.cli.output).difference(seen).size >= 2, "two new workers", 20);
    // Kept alive for the server, too.
    expect((await open.write("GET /still HTTP/1.1\r\nHost: a\r\n\r\n").answer()).body).toBe("GET /still ");
  }
  await load.end();
  expect(load.failures).toEqual([]);
  for (const count of Object.values(load.counts)) expect(count).toBeGreaterThan(5);
  expect((await open.write("GET /still HTTP/1.1\r\nHost: a\r\n\r\n").answer()).body).toBe("GET /still ");
}, 60_000);

test("[P3] a stop lets requests end, takes nothing new, and cuts tunnels after the grace time", async () => {
  const answer = Promise.withResolvers<void>();
  using origin = await Origin.start(async (_request, response) => {
    await answer.promise;
    response.end("done");
  });
  await using proxy = await Proxy.start(local, { args: ["--grace-timeout=2"] });
  using tunnel = await proxy.tunnel(`127.0.0.1:${origin.port}`);
  using idle = await RawConnection.open(proxy.port);
  await idle.write("GET http://127.0.0.1:1/ HTTP/1.1\r\nHost: a\r\n\r\n").answer();
  using busy = await RawConnection.open(proxy.port);
  busy.write(`GET ${origin.url()} HTTP/1.1\r\nHost: a\r\n\r\n`);
  await eventually(() => origin.requests.length === 1, "the request");
  const begun = Date.now();
  process.kill(proxy.cli.pid!, "SIGTERM");
  await idle.close();
  const refused = async (): Promise<boolean> => {
    try {
      (await RawConnection.open(proxy.port))[Symbol.dispose]();
      return false;
    } catch {
      return true;
    }
  };
  while (!(await refused())) await Bun.sleep(10);
  expect(tunnel.closed).toBe(false);
  answer.resolve();
  const { body, headers } = await busy.answer();
  expect([body, headers.get("connection")]).toEqual(["done", "close"]);
  await tunnel.close(8);
  expect(Date.now() - begun).toBeGreaterThan(1500);
  await eventually(() => proxy.cli.output.includes("were cut"), "a warning");
}, 20_000);
