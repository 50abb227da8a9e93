import { Service } from "../process/support.ts";
import type { Authority } from "./support.ts";

export const script = Bun.fileURLToPath(new URL("./fixtures/quic.ts", import.meta.url));

interface Start {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly command?: readonly string[];
}

const ofScript = [process.execPath, script, "--port=0"];
const words = ({ args = ["--quic"], env = {}, command = ofScript }: Start, made: Authority) => ({
  command,
  args,
  env: { CERT: made.path("one.crt"), KEY: made.path("one.key"), ...env },
});

/** A service of the fixture that speaks HTTP/3, unless `args` say otherwise. */
export async function startQuic(made: Authority, start: Start = {}): Promise<Service> {
  const service = new Service("", words(start, made));
  await service.whenReady();
  return service;
}

/** What the fixture says that does not start. */
export async function refusedQuic(
  made: Authority,
  start: Start,
): Promise<{ code: number | null; stderr: string }> {
  await using service = new Service("", words(start, made));
  return await service.ended();
}

/** One request by HTTP/3 and nothing else. */
export const ask = (port: number, path = "/", init: BunFetchRequestInit = {}): Promise<Response> =>
  fetch(`https://127.0.0.1:${port}${path}`, {
    protocol: "http3",
    tls: { rejectUnauthorized: false },
    signal: AbortSignal.timeout(8000),
    ...init,
  });

/** A command that asks once, over a connection of its own. */
export const client = (port: number, path = "/"): string[] => [
  process.execPath,
  "-e",
  `const init = { protocol: "http3", tls: { rejectUnauthorized: false }, signal: AbortSignal.timeout(4000) };
  console.log(await (await fetch("https://127.0.0.1:${port}${path}", init)).text())`,
];

/** Clients that ask without a pause by HTTP/3 and forgive nothing. */
export class QuicLoad {
  readonly failures: string[] = [];
  readonly seen = new Set<string>();
  count = 0;
  readonly #clients: Promise<void>[] = [];
  #over = false;

  constructor(port: number, clients: number, path = "/") {
    for (let n = 0; n < clients; n++) this.#clients.push(this.#loop(port, path));
  }

  async end(): Promise<void> {
    this.#over = true;
    await Promise.all(this.#clients);
  }

  async #loop(port: number, path: string): Promise<void> {
    while (!this.#over) {
      try {
        const response = await ask(port, path);
        this.seen.add(await response.text());
        this.count++;
      } catch (error) {
        this.failures.push(String(error));
      }
      await Bun.sleep(2);
    }
  }
}

/** The newest process of HTTP/3, as `ps` shows it. */
export async function quicWorker(service: Service): Promise<number | undefined> {
  let newest: number | undefined;
  for (const pid of await service.workers()) {
    const title = await Bun.file(`/proc/${pid}/cmdline`)
      .text()
      .catch(() => "");
    if (title.includes("worker #quic")) newest = pid;
  }
  return newest;
}
