import { connect } from "node:net";

/** The URL of a script of `fixtures`. */
export const fixture = (name: string): URL => new URL(`./fixtures/${name}`, import.meta.url);

/** All that a server sends for these bytes, latin1 both ways, until it closes or resets the connection. */
export function rawExchange(port: number, request: string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const socket = connect(port, "127.0.0.1");
  let answer = "";
  socket.setEncoding("latin1");
  socket.on("data", (chunk) => (answer += chunk));
  socket.on("error", () => {});
  socket.on("close", () => resolve(answer));
  socket.write(Buffer.from(request, "latin1"));
  return promise;
}

/** The body of a raw answer that is not chunked. */
export const bodyOf = (answer: string): string => split(answer)[1];

/** Names and values of a raw answer's header lines, names in lower case, as they came. */
export function headOf(answer: string): [string, string][] {
  const [head = ""] = split(answer);
  return head
    .split("\r\n")
    .slice(1)
    .map((line) => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    });
}

const split = (answer: string): [string, string] => {
  const end = answer.indexOf("\r\n\r\n");
  return [answer.slice(0, end), answer.slice(end + 4)];
};

export interface Ended {
  readonly exitCode: number;
  readonly stdout: string;
  readonly lines: readonly string[];
}

/** Runs a script that is not to start; `lines` is what it wrote to stderr. */
export async function runToEnd(name: string, env: Record<string, string> = {}): Promise<Ended> {
  const run = Bun.spawn([process.execPath, Bun.fileURLToPath(fixture(name)), "--port", "0"], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: undefined, ...env },
  });
  const [stdout, stderr, exitCode] = await Promise.all([run.stdout.text(), run.stderr.text(), run.exited]);
  return { exitCode, stdout, lines: stderr.split("\n").filter(Boolean) };
}
