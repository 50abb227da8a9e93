import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { testClient, type TestClient } from "../../src/testing/index.ts";
import { eventually } from "../support/log-lines.ts";
import { Authority, freePort, run } from "../tls/support.ts";
import { havePython, Python, serve, why } from "./grpc-support.ts";

const directory = mkdtempSync(join(tmpdir(), "grpc-notes-"));
const notes = join(directory, "notes");
const python = new Python();
let port: number;
let cli: TestClient;

const start = (env: Record<string, string>, args: string[] = []): Promise<TestClient> =>
  testClient(serve, 0, { env: { NOTES: notes, REFLECTION: "1", ...env }, args });

const noted = (text: string): Promise<boolean> =>
  eventually(() => existsSync(notes) && readFileSync(notes, "utf8").includes(text), text);

/** Lines of the request log about `uri`. */
const lines = (uri: string): Record<string, unknown>[] =>
  cli.output
    .split("\n")
    .filter((line) => line.startsWith("{") && line.includes(`"${uri}"`))
    .map((line) => JSON.parse(line) as Record<string, unknown>);

beforeAll(async () => {
  port = freePort();
  const started = start({ GRPC_PORT: `${port}` });
  if (havePython) await python.generate();
  cli = await started;
}, 60_000);
afterAll(async () => {
  await cli.stop();
  python[Symbol.dispose]();
  rmSync(directory, { recursive: true });
});

describe.skipIf(!havePython)(`[T5] Python's gRPC client${why}`, () => {
  test("[T5] messages of all kinds, one and streamed", async () => {
    const out = await python.ask(
      port,
      `
r = stub.SayHello(hello("everything", big=2**60 + 1, data=b"\\0\\xff"), timeout=5)
out["one"] = [r.text, r.big, list(r.data), r.mood, r.at.seconds, r.at.nanos, dict(r.tags)]
out["streamed"] = [r.text for r in stub.ListHellos(hello("x", count=3), timeout=5)]
out["none"] = [r.text for r in stub.ListHellos(hello("x"), timeout=5)]
out["collected"] = stub.Collect(iter([hello("x", data=b"12")] * 50), timeout=5).text
out["enough"] = stub.Collect((hello("enough") for _ in range(1000)), timeout=5).text
out["chat"] = [r.text for r in stub.Chat(iter([hello(str(n)) for n in range(3)]), timeout=5)]
out["bye"] = [r.text for r in stub.Chat(iter([hello("a"), hello("bye"), hello("b")]), timeout=5)]
out["other"] = g.OtherStub(channel).Ask(hello("x"), timeout=5).text`,
    );
    expect(out).toEqual({
      one: ["all", 2 ** 60 + 1, [0, 255], 1, 1700000000, 5, { a: "1", b: "2" }],
      streamed: ["x 0", "x 1", "x 2"],
      none: [],
      collected: "50 100",
      enough: "1 0",
      chat: ["GTID 0", "GTID 1", "GTID 2"],
      bye: ["GTID a"],
      other: "other",
    });
  });

  test("[T5] metadata, deadline, peer and context of a call", async () => {
    const out = await python.ask(
      port,
      `
sent = [("x-text", "t"), ("x-raw-bin", b"\\1\\2"), ("x-two", "a"), ("x-two", "b")]
r, call = stub.SayHello.with_call(hello("metadata"), metadata=sent, timeout=5)
out["metadata"] = r.text
out["first"] = {k: v if isinstance(v, str) else list(v) for k, v in call.initial_metadata() if k != "date"}
out["last"] = list(call.trailing_metadata())
out["call"] = stub.SayHello(hello("call"), timeout=30).text
out["endless"] = stub.SayHello(hello("call")).text.split()[-1]
out["ids"] = stub.SayHello(hello("ids"), timeout=5).text
joined = [("x-gtxn-id", "GTID-C1-R7"), ("x-ltxn-id", "1001")]
out["joined"] = stub.SayHello(hello("ids"), metadata=joined, timeout=5).text`,
    );
    expect(out).toMatchObject({
      metadata: "t 1,2 a, b",
      first: { "x-first": "1", "x-first-bin": [0, 255] },
      last: [
        ["x-last", "a"],
        ["x-last", "b"],
      ],
      endless: "none",
    });
    expect(out["call"]).toMatch(`/greet.Greeter/SayHello 127.0.0.1 127.0.0.1:${port} `);
    expect(Number(String(out["call"]).split(" ").at(-1))).toBeWithin(20, 31);
    const where = `POST http://127.0.0.1:${port}/greet.Greeter/SayHello`;
    expect(out["ids"]).toMatch(/^GTID-C\d{6,}-R\d+ 1000 POST/);
    // Nobody is trusted who is not named in trustedProxies; this machine is by default.
    expect(out["joined"]).toBe(`GTID-C1-R7 2001 ${where}`);
  });

  test("[T5] a GrpcError reaches the client whole, another error only the log", async () => {
    const out = await python.ask(
      port,
      `
for name in ["missing", "broken", "nothing", "wrong"]: out[name] = failure(lambda: stub.SayHello(hello(name), timeout=5))
out["fails"] = failure(lambda: list(stub.ListHellos(hello("fails", count=5), timeout=5)))
out["unwritten"] = failure(lambda: stub.NotWritten(hello("x"), timeout=5))[0]
out["large"] = failure(lambda: stub.SayHello(hello("x", data=b"x" * 1100000), timeout=5))[0]
raw = channel.unary_unary("/greet.Greeter/SayHello")
out["garbage"] = failure(lambda: raw(b"\\xff\\xff\\xff", timeout=5))[:2]`,
    );
    const hidden = ["INTERNAL", "internal error", { "x-gtxn-id": expect.stringMatching(/^GTID-/) }];
    expect(out).toEqual({
      missing: ["NOT_FOUND", "no such greeting: größe 100%", { "x-why": "gone" }],
      broken: hidden,
      nothing: hidden,
      wrong: hidden,
      fails: ["DATA_LOSS", "two and no more", {}],
      unwritten: "UNIMPLEMENTED",
      large: "RESOURCE_EXHAUSTED",
      garbage: ["INTERNAL", "the request is not of the method's type"],
    });
    const [, , { "x-gtxn-id": id }] = out["broken"] as [string, string, Record<string, string>];
    await eventually(
      () => cli.output.includes(`[expt:${id}/1000] Error: the secret of the house`),
      "the log",
    );
    expect(cli.output).toContain("/greet.Greeter/SayHello returned undefined, a message is needed");
    expect(cli.output).not.toContain("no such greeting");
  });

  test("[T5] who cancels, goes away or waits no longer ends the handler, and its finally runs", async () => {
    const out = await python.ask(
      port,
      `
out["late"] = failure(lambda: stub.SayHello(hello("slow"), timeout=0.3))[0]
replies = stub.ListHellos(hello("waits", count=100000)); next(replies); replies.cancel()
chat = stub.Chat(iter(lambda: time.sleep(0.05) or hello("x"), None)); next(chat); chat.cancel()
# Less than a window is taken, whatever the server would send.
small = grpc.insecure_channel("127.0.0.1:${port}", options=[("grpc.http2.bdp_probe", 0), ("grpc.use_local_subchannel_pool", 1)])
slow = g.GreeterStub(small).ListHellos(hello("big", count=5000, data=b"x")); next(slow); time.sleep(0.5); slow.cancel()
time.sleep(0.2)
gone = stub.SayHello.future(hello("slow")); time.sleep(0.3)
print(json.dumps(out)); sys.stdout.flush(); os._exit(0)`,
    );
    expect(out).toEqual({ late: "DEADLINE_EXCEEDED" });
    await noted("slow ends: DEADLINE_EXCEEDED");
    await noted("slow ends: CANCELLED");
    await noted("chat ends: true");
    const lists = (): string[] =>
      [...readFileSync(notes, "utf8").matchAll(/list ends: true (\d+)/g)].map((m) => m[1]!);
    await eventually(() => lists().length === 2, "both lists to end");
    // 64 KB each: a client that does not read costs some of them, not 300 MB.
    expect(Number(lists()[1])).toBeLessThan(40);
    await eventually(() => lines("/greet.Greeter/SayHello").some(({ status }) => status === 504), "its line");
    expect(lines("/greet.Greeter/ListHellos").filter(({ status }) => status === 499)).toHaveLength(2);
  });

  test("[T5] one request line for each call", async () => {
    const metadata = '[("x-gtxn-id", "GTID-C2-R2"), ("user-agent", "x")]';
    await python.ask(
      port,
      `stub.ListHellos(hello("line", count=2), timeout=5, metadata=${metadata}).result; list(stub.ListHellos(hello("line", count=2), timeout=5, metadata=[("x-gtxn-id", "GTID-C2-R2")]))`,
    );
    const line = await eventually(
      () =>
        lines("/greet.Greeter/ListHellos").find(
          ({ gtxnid, status }) => gtxnid === "GTID-C2-R2" && status === 200,
        ),
      "its line",
    );
    expect(line).toMatchObject({
      ip: "127.0.0.1",
      host: `127.0.0.1:${port}`,
      method: "POST",
      version: "2.0",
      requestBytes: 8,
      responseBytes: 20,
      userAgent: expect.stringContaining("grpc-python"),
      worker: "W0",
    });
  });

  test("[T5] the health service, and reflection of everything served", async () => {
    const out = await python.ask(
      port,
      `
from grpc_health.v1 import health_pb2 as hp, health_pb2_grpc as hg
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
health = hg.HealthStub(channel)
check = lambda name: health.Check(hp.HealthCheckRequest(service=name), timeout=5).status
out["health"] = [check(""), check("greet.Greeter"), check("greet.Other"), failure(lambda: check("greet.None"))[0]]
watch = health.Watch(hp.HealthCheckRequest(service="greet.None")); out["watch"] = next(watch).status; watch.cancel()
reflection = ProtoReflectionDescriptorDatabase(channel)
out["services"] = sorted(reflection.get_services())
from google.protobuf.descriptor_pool import DescriptorPool
pool = DescriptorPool(reflection)
out["methods"] = [m.name for m in pool.FindServiceByName("greet.Greeter").methods]
out["fields"] = [f.name for f in pool.FindMessageTypeByName("greet.HelloReply").fields]`,
    );
    expect(out).toEqual({
      health: [1, 1, 1, "NOT_FOUND"],
      watch: 3,
      services: [
        "greet.Greeter",
        "greet.Other",
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
        "grpc.reflection.v1alpha.ServerReflection",
      ],
      methods: ["SayHello", "ListHellos", "Collect", "Chat", "NotWritten"],
      fields: ["text", "big", "data", "mood", "at", "tags"],
    });
  });

  test("[T5] TLS with the certificates of enableSsl, by name; nothing plain", async () => {
    using authority = new Authority();
    for (const name of ["a.example", "b.example"]) await authority.make(name);
    const secure = freePort();
    await using server = await start({
      GRPC_PORT: `${secure}`,
      CERTIFICATES: authority.folder,
      REFLECTION: "",
    });
    expect(server.url).toStartWith("https:");
    const out = await python.ask(
      secure,
      `
def named(name, roots):
    trust = grpc.ssl_channel_credentials(b"".join(open("${authority.folder}/" + each + ".crt", "rb").read() for each in roots))
    to = grpc.secure_channel("127.0.0.1:${secure}", trust, options=[("grpc.ssl_target_name_override", name)])
    return g.GreeterStub(to).SayHello(hello("you"), timeout=3).text
out["a"] = named("a.example", ["a.example"])
out["b"] = named("b.example", ["b.example"])
out["wrong"] = failure(lambda: named("b.example", ["a.example"]))[0]
out["plain"] = failure(lambda: stub.SayHello(hello("x"), timeout=3))[0]
from grpc_reflection.v1alpha import reflection_pb2 as rp, reflection_pb2_grpc as rg
trust = grpc.ssl_channel_credentials(open("${authority.folder}/a.example.crt", "rb").read())
to = grpc.secure_channel("127.0.0.1:${secure}", trust, options=[("grpc.ssl_target_name_override", "a.example")])
out["reflection"] = failure(lambda: list(rg.ServerReflectionStub(to).ServerReflectionInfo(iter([rp.ServerReflectionRequest(list_services="*")]), timeout=3)))[0]`,
    );
    expect(out).toEqual({
      a: "Hello you",
      b: "Hello you",
      wrong: "UNAVAILABLE",
      plain: "UNAVAILABLE",
      reflection: "UNIMPLEMENTED",
    });
  }, 20_000);

  test("[T5] certificates of clients are asked for under every name", async () => {
    using authority = new Authority();
    for (const name of ["a.example", "b.example", "ca"]) await authority.make(name);
    await authority.make("client", { by: "ca" });
    const secure = freePort();
    await using _server = await start({
      GRPC_PORT: `${secure}`,
      CERTIFICATES: authority.folder,
      CLIENTS: "ca.crt",
    });
    const out = await python.ask(
      secure,
      `
read = lambda name: open("${authority.folder}/" + name, "rb").read()
roots = read("a.example.crt") + read("b.example.crt")
def named(name, *shown):
    to = grpc.secure_channel("127.0.0.1:${secure}", grpc.ssl_channel_credentials(roots, *shown), options=[("grpc.ssl_target_name_override", name)])
    return g.GreeterStub(to).SayHello(hello("you"), timeout=3).text
for name in ["a.example", "b.example"]:
    out[name] = [named(name, read("client.key"), read("client.crt")), failure(lambda: named(name))[0]]`,
    );
    expect(out).toEqual({
      "a.example": ["Hello you", "UNAVAILABLE"],
      "b.example": ["Hello you", "UNAVAILABLE"],
    });
  }, 20_000);

  test("[T5] what a client may grow has limits: headers, calls at once, compressed messages", async () => {
    const out = await python.ask(
      port,
      `
out["headers"] = failure(lambda: stub.SayHello(hello("x"), metadata=[("x-a", "a" * 1000000)], timeout=5))[0] != "OK"
out["compressed"] = stub.SayHello(hello("c" * 100), compression=grpc.Compression.Gzip, timeout=5).text[:7]
out["bomb"] = failure(lambda: stub.SayHello(hello("c" * 9000000), compression=grpc.Compression.Gzip, timeout=5))[0]
calls = [stub.SayHello.future(hello("late", count=200)) for _ in range(200)]
out["calls"] = len([each.result() for each in calls])`,
    );
    expect(out).toEqual({ headers: true, compressed: "Hello c", bomb: "RESOURCE_EXHAUSTED", calls: 200 });
    const most = await eventually(() => {
      const counts = lines("/greet.Greeter/SayHello").map(({ connections }) => Number(connections));
      return counts.length >= 200 && Math.max(...counts);
    }, "their lines");
    expect(most).toBeWithin(100, 130);
  });

  test("[T5] a stop lets calls end, tells health watchers, and cuts what lasts longer than the grace time", async () => {
    const own = freePort();
    await using server = await start({ GRPC_PORT: `${own}` }, ["--grace-timeout=2"]);
    const out = await python.ask(
      own,
      `
from grpc_health.v1 import health_pb2 as hp, health_pb2_grpc as hg
import signal
watch = hg.HealthStub(channel).Watch(hp.HealthCheckRequest()); out["health"] = [next(watch).status]
running = stub.SayHello.future(hello("late", count=600))
streamed = stub.ListHellos(hello("waits", count=40))
endless = stub.ListHellos(hello("waits", count=100000))
next(streamed); next(endless)
os.kill(${server.pid}, signal.SIGTERM)
out["health"] += [each.status for each in watch]
out["running"] = running.result().text
out["streamed"] = len(list(streamed))
out["endless"] = failure(lambda: list(endless))[0]`,
    );
    expect(out).toEqual({ health: [1, 2], running: "late", streamed: 39, endless: expect.any(String) });
    expect(["UNAVAILABLE", "CANCELLED", "UNKNOWN"]).toContain(String(out["endless"]));
    await eventually(() => server.output.includes("still running after 2 s and were cut"), "the warning");
  }, 20_000);
});

describe("[T5] declarations", () => {
  const script = async (call: string): Promise<string> => {
    const folder = mkdtempSync(join(import.meta.dir, ".grpc-"));
    try {
      writeFileSync(
        join(folder, "a.proto"),
        'syntax = "proto3"; service A { rpc Do (M) returns (M); } message M {}',
      );
      writeFileSync(join(folder, "bad.proto"), "this is no proto file");
      const text = `import * as skitai from "skitai";\n${call}\nawait skitai.run({ port: 0 });\n`;
      writeFileSync(join(folder, "serve.ts"), text);
      const { code, stderr } = await run([process.execPath, join(folder, "serve.ts")]);
      expect(code).toBe(1);
      return stderr;
    } finally {
      rmSync(folder, { recursive: true });
    }
  };
  const cases: Record<string, [call: string, said: string[]]> = {
    "values that are wrong, all at once": [
      `skitai.grpc(70000, "", { A: { do: 1 as never } }, { maxMessageSize: "x", reflexion: true } as never);`,
      [
        "a port from 1 to 65535",
        "the path of a .proto file",
        "functions by service",
        "grpc maxMessageSize",
        "grpc reflexion: unknown",
      ],
    ],
    "a file that is not there": [
      `skitai.grpc(50051, "none.proto", { A: { do: () => ({}) } });`,
      ['"none.proto"', ".proto file below"],
    ],
    "a file that is none": [`skitai.grpc(50051, "bad.proto", { A: { do: () => ({}) } });`, ['"bad.proto"']],
    "an unknown service": [
      `skitai.grpc(50051, "a.proto", { B: { do: () => ({}) } });`,
      ['"B"', "a service of a.proto: A"],
    ],
    "an unknown method": [
      `skitai.grpc(50051, "a.proto", { A: { undo: () => ({}) } });`,
      ['"undo"', "a method of A: do"],
    ],
  };
  for (const [title, [call, said]] of Object.entries(cases))
    test(`[T5] ${title}`, async () => {
      const text = await script(call);
      for (const each of said) expect(text).toContain(each);
    });

  test("[T5] a port that somebody has", async () => {
    using taken = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    const text = await script(`skitai.grpc(${taken.port}, "a.proto", { A: { do: () => ({}) } });`);
    expect(text).toContain(`port ${taken.port}`);
  });
});

test("[T5] what is no HTTP/2 is closed and harms nobody", async () => {
  const answer = await new Promise<string>((resolve, reject) => {
    let text = "";
    const socket = connect(port, "127.0.0.1", () => socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    socket.on("data", (data) => (text += data.toString("latin1")));
    socket.on("close", () => resolve(text));
    socket.on("error", reject);
  });
  expect(answer).not.toContain("200");
  expect((await cli.get("/")).status).toBe(404);
});
