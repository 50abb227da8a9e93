import { RawConnection } from "../support/raw-connection.ts";

/** Clients that ask without a pause and forgive nothing: each error, reset and truncated answer is kept. */
export class StrictLoad {
  readonly failures: string[] = [];
  readonly seen = new Set<string>();
  /** Milliseconds of each answer. */
  readonly times: number[] = [];
  readonly #port: number;
  readonly #clients: Promise<void>[] = [];
  #over = false;

  constructor(port: number) {
    this.#port = port;
  }

  /** `count` clients that open a connection for each request. */
  fresh(count: number): this {
    return this.#start(count, async () => {
      using connection = await RawConnection.open(this.#port);
      await this.#ask(connection, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    });
  }

  /** `count` clients that keep their connection until it is announced as closing. */
  kept(count: number): this {
    return this.#start(count, async () => {
      using connection = await RawConnection.open(this.#port);
      while (!this.#over && !(await this.#ask(connection, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")));
    });
  }

  slow(count: number): this {
    return this.#start(count, async () => {
      using connection = await RawConnection.open(this.#port);
      await this.#ask(connection, "GET /slow HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", false);
    });
  }

  /** Uploads of 20 kB in ten parts over half a second. */
  uploads(count: number): this {
    return this.#start(count, async () => {
      using connection = await RawConnection.open(this.#port);
      connection.write(
        "POST /upload HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 20000\r\n\r\n",
      );
      for (let part = 0; part < 10; part++) {
        await Bun.sleep(50);
        connection.write("x".repeat(2000));
      }
      const { status, body } = await connection.answer();
      if (status !== 200 || body !== "20000") throw new Error(`upload: ${status} ${body}`);
    });
  }

  /** Event streams of 40 events over two seconds. */
  streams(count: number): this {
    return this.#start(count, async () => {
      using connection = await RawConnection.open(this.#port);
      connection.write("GET /events HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
      const { body } = await connection.answer({ seconds: 8 });
      if (!body.endsWith("data: 39\n\n")) throw new Error(`events: ${body.slice(-40)}`);
    });
  }

  end(): Promise<unknown> {
    this.#over = true;
    return Promise.all(this.#clients);
  }

  #start(count: number, act: () => Promise<void>): this {
    for (let n = 0; n < count; n++) this.#clients.push(this.#loop(act));
    return this;
  }

  async #loop(act: () => Promise<void>): Promise<void> {
    while (!this.#over)
      await act().catch((error: Error) => this.failures.push(error.message || String(error)));
  }

  /** @returns whether the connection is announced as closing */
  async #ask(connection: RawConnection, request: string, timed = true): Promise<boolean> {
    const started = performance.now();
    const { status, headers, body } = await connection.write(request).answer({ seconds: 8 });
    if (timed) this.times.push(performance.now() - started);
    if (status !== 200) throw new Error(`status ${status}`);
    this.seen.add(body);
    return headers.get("connection") === "close";
  }
}
