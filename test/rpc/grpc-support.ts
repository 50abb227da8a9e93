import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pythonWith } from "../support/python.ts";

export const fixtures = join(import.meta.dir, "fixtures/grpc");
export const serve = join(fixtures, "serve.ts");

const pinned = [
  "grpcio==1.85.1",
  "grpcio-tools==1.85.1",
  "grpcio-health-checking==1.85.1",
  "grpcio-reflection==1.85.1",
];
const packages = await pythonWith(pinned);

/** Python's own gRPC, which knows nothing of us. */
export const havePython = packages !== undefined;
export const why = havePython ? "" : " (needs Python's grpcio)";

const prelude = `
import grpc, json, os, sys, threading, time
import greet_pb2 as pb, greet_pb2_grpc as g
def hello(name, **fields): return pb.HelloRequest(name=name, **fields)
def failure(act):
    try: act()
    except grpc.RpcError as e: return [e.code().name, e.details(), {k: v for k, v in e.trailing_metadata() or [] if k != "date"}]
`;

/** A private folder with what Python makes of the .proto files. */
export class Python implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), "grpc-"));

  async generate(): Promise<void> {
    const out = [`--python_out=${this.folder}`, `--grpc_python_out=${this.folder}`];
    await this.#run(["-m", "grpc_tools.protoc", `-I${fixtures}`, ...out, "greet.proto", "parts/mood.proto"]);
  }

  /** What `code` gives in `out`, through JSON. */
  async ask<Out = Record<string, unknown>>(port: number, code: string): Promise<Out> {
    const begin = `${prelude}\nchannel = grpc.insecure_channel("127.0.0.1:${port}")\nstub = g.GreeterStub(channel)\nout = {}\n`;
    const text = await this.#run(["-c", `${begin}${code}\nprint(json.dumps(out))`]);
    return JSON.parse(text.trim().split("\n").at(-1)!) as Out;
  }

  /** A program that runs until it is killed. */
  start(code: string): Bun.Subprocess<"ignore", "pipe", "inherit"> {
    return Bun.spawn(["python3", "-c", prelude + code], {
      ...this.#options,
      stdio: ["ignore", "pipe", "inherit"],
    });
  }

  get #options(): { cwd: string; env: Record<string, string | undefined> } {
    return { cwd: this.folder, env: { ...process.env, PYTHONPATH: packages, PYTHONUNBUFFERED: "1" } };
  }

  async #run(words: string[]): Promise<string> {
    const child = Bun.spawn(["python3", ...words], {
      ...this.#options,
      stdio: ["ignore", "pipe", "pipe"],
      timeout: 60_000,
    });
    const [out, error] = await Promise.all([child.stdout.text(), child.stderr.text()]);
    if ((await child.exited) !== 0) throw new Error(error);
    return out;
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true });
  }
}
