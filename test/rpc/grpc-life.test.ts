import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { testClient } from "../../src/testing/index.ts";
import { freePort, run } from "../tls/support.ts";
import { fixtures, havePython, Python, serve, why } from "./grpc-support.ts";

/** Fifty of them: RELOADS=50 bun test test/rpc/grpc-life.test.ts */
const reloads = Number(process.env["RELOADS"] ?? 2);
const root = resolve(import.meta.dir, "../..");
const python = new Python();
const directory = mkdtempSync(join(tmpdir(), "grpc-life-"));

beforeAll(async () => {
  if (havePython) await python.generate();
}, 60_000);
afterAll(() => {
  python[Symbol.dispose]();
  rmSync(directory, { recursive: true });
});

/** Clients that forgive nothing, over reloads: new channels, kept ones, slow calls and streams. */
const load = (port: number, master: number, file: string): string => `
import signal
over = False; failures = []; counts = {}
local = [("grpc.use_local_subchannel_pool", 1)]
def open(): return grpc.insecure_channel("127.0.0.1:${port}", options=local)
def one(to, name="pid", **fields): return g.GreeterStub(to).SayHello(hello(name, **fields), timeout=8).text
def fresh():
    with open() as to: one(to)
kept = threading.local()
def channel_of():
    if not hasattr(kept, "it"): kept.it = open()
    return kept.it
def stream():
    got = len(list(g.GreeterStub(channel_of()).ListHellos(hello("waits", count=50), timeout=20)))
    if got != 50: failures.append(["stream", got])
def loop(name, act):
    while not over:
        try: act(); counts[name] = counts.get(name, 0) + 1
        except grpc.RpcError as e: failures.append([name, e.code().name, e.details()])
acts = {"fresh": fresh, "kept": lambda: one(channel_of()), "slow": lambda: one(channel_of(), "late", count=300), "stream": stream}
threads = [threading.Thread(target=loop, args=each, daemon=True) for each in acts.items() for _ in range(2)]
for each in threads: each.start()
def version():
    with open() as to: return one(to).split()[1]
import builtins
for n in range(${reloads}):
    with builtins.open("${file}", "w") as file: file.write(f"v{n + 1}")
    os.kill(${master}, signal.SIGHUP)
    row = 0; end = time.time() + 20
    while row < 12 and time.time() < end: row = row + 1 if version() == f"v{n + 1}" else 0
    if row < 12: failures.append(["not reloaded", n])
over = True
for each in threads: each.join(20)
out["failures"] = failures; out["counts"] = counts`;

describe.skipIf(!havePython)(`[T5] over the life of a service${why}`, () => {
  test(`[T5] ${reloads} reloads of 2 workers lose no call, on new channels and on kept ones`, async () => {
    const port = freePort();
    const VERSION = join(directory, "version");
    writeFileSync(VERSION, "v0");
    await using cli = await testClient(serve, 0, { workers: 2, env: { GRPC_PORT: `${port}`, VERSION } });
    const { failures, counts } = await python.ask<{ failures: unknown[]; counts: Record<string, number> }>(
      port,
      load(port, cli.pid!, VERSION),
    );
    expect(failures).toEqual([]);
    for (const name of ["fresh", "kept", "slow", "stream"]) expect(counts[name]).toBeGreaterThan(0);
  }, 60_000);

  test("[Y2] the executable alone serves what its script does, without the .proto files", async () => {
    const [source, place] = [join(directory, "source"), join(directory, "place")];
    cpSync(fixtures, source, { recursive: true });
    mkdirSync(join(source, "node_modules"));
    mkdirSync(place);
    symlinkSync(root, join(source, "node_modules/skitai"));
    const port = freePort();
    const build = ["env", `GRPC_PORT=${port}`, process.execPath, join(root, "cli/main.ts"), "build"];
    const built = await run([...build, join(source, "serve.ts"), `--outfile=${join(place, "greeter")}`]);
    expect([built.code, built.stderr]).toEqual([0, ""]);
    rmSync(source, { recursive: true });
    await using _cli = await testClient(join(place, "greeter"), 0, {
      env: { GRPC_PORT: `${port}`, REFLECTION: "1" },
    });
    const out = await python.ask(
      port,
      `
r = stub.SayHello(hello("everything", big=2**60 + 1, data=b"\\0\\xff"), timeout=5)
out["one"] = [r.text, r.big, list(r.data), r.mood, r.at.seconds, dict(r.tags)]
out["streamed"] = [r.text for r in stub.ListHellos(hello("x", count=2), timeout=5)]
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from google.protobuf.descriptor_pool import DescriptorPool
pool = DescriptorPool(ProtoReflectionDescriptorDatabase(channel))
out["tags"] = pool.FindMessageTypeByName("greet.HelloReply").fields_by_name["tags"].message_type.GetOptions().map_entry`,
    );
    expect(out).toEqual({
      one: ["all", 2 ** 60 + 1, [0, 255], 1, 1700000000, { a: "1", b: "2" }],
      streamed: ["x 0", "x 1"],
      tags: true,
    });
  }, 60_000);
});

test("[R3] an app without gRPC loads nothing of it, and its first stub does", async () => {
  await using cli = await testClient(join(fixtures, "unused.ts"));
  expect((await cli.get("/")).data).toEqual([]);
  expect((await cli.get("/stub")).data).toBe(true);
});
