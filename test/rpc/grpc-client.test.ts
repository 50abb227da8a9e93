import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { testClient, type TestClient } from "../../src/testing/index.ts";
import { eventually } from "../support/log-lines.ts";
import { Authority } from "../tls/support.ts";
import { fixtures, havePython, Python, why } from "./grpc-support.ts";

const python = new Python();
const authority = new Authority();
const directory = mkdtempSync(join(tmpdir(), "grpc-peer-"));
const notes = join(directory, "notes");
let peer: Bun.Subprocess<"ignore", "pipe", "inherit"> | undefined;
let cli: TestClient;

/** Python's server on three free ports: two plain ones and one with TLS. */
const server = (): string => `
from concurrent import futures
def note(text):
    with open("${notes}", "a") as file: file.write(text + "\\n")
class Greeter(g.GreeterServicer):
    def __init__(self, who): self.who = who
    def SayHello(self, request, context):
        sent = dict(context.invocation_metadata())
        if request.name == "everything": return pb.HelloReply(text="all", big=request.big, data=request.data, mood=1)
        if request.name == "ids": return pb.HelloReply(text=" ".join([sent["x-gtxn-id"], sent["x-ltxn-id"], sent["traceparent"]]))
        if request.name == "who": return pb.HelloReply(text=self.who)
        if request.name == "metadata": return pb.HelloReply(text=f"{sent['x-text']} {list(sent['x-raw-bin'])} {[v for k, v in context.invocation_metadata() if k == 'x-two']}")
        if request.name == "missing":
            context.set_trailing_metadata([("x-why", "gone")])
            context.abort(grpc.StatusCode.NOT_FOUND, "no such greeting: größe")
        if request.name == "call": return pb.HelloReply(text=str(round(context.time_remaining())))
        if request.name == "slow":
            over = threading.Event(); context.add_callback(over.set); over.wait(20); note("slow ended")
        return pb.HelloReply(text="Hello " + request.name)
    def ListHellos(self, request, context):
        if request.name == "waits": note("list begins")
        try:
            for n in range(request.count):
                if request.name == "fails" and n == 2: context.abort(grpc.StatusCode.DATA_LOSS, "two and no more")
                if request.name == "waits": time.sleep(0.02)
                yield pb.HelloReply(text=f"{request.name} {n}")
        finally:
            if request.name == "waits": note("list ended")
    def Collect(self, requests, context):
        all = list(requests)
        return pb.HelloReply(text=f"{len(all)} {sum(len(each.data) for each in all)}")
    def Chat(self, requests, context):
        for request in requests: yield pb.HelloReply(text=request.name.upper())
def serve(who, secure=False):
    it = grpc.server(futures.ThreadPoolExecutor(16))
    g.add_GreeterServicer_to_server(Greeter(who), it)
    if secure:
        read = lambda name: open("${authority.folder}/" + name, "rb").read()
        port = it.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([(read("a.example.key"), read("a.example.crt"))]))
    else: port = it.add_insecure_port("127.0.0.1:0")
    it.start()
    return it, port
servers = [serve("one"), serve("two"), serve("secure", True)]
print(*[port for _, port in servers], flush=True)
servers[0][0].wait_for_termination()
`;

async function firstLine(stream: ReadableStream<Uint8Array>): Promise<string> {
  let text = "";
  for await (const part of stream.pipeThrough(new TextDecoderStream() as never) as ReadableStream<string>) {
    text += part;
    if (text.includes("\n")) break;
  }
  return text.trim();
}

if (havePython) {
  beforeAll(async () => {
    await Promise.all([python.generate(), authority.make("a.example")]);
    peer = python.start(server());
    const [one, two, secure] = (await firstLine(peer.stdout)).split(" ");
    const env = {
      PEERS: `127.0.0.1:${one} 127.0.0.1:${two}`,
      SECURE: `127.0.0.1:${secure}`,
      CA: readFileSync(authority.path("a.example.crt"), "utf8"),
    };
    cli = await testClient(join(fixtures, "client.ts"), 0, { env });
  }, 60_000);
  afterAll(async () => {
    await cli?.stop();
    peer?.kill("SIGKILL");
    await peer?.exited;
  });
}
afterAll(() => {
  python[Symbol.dispose]();
  authority[Symbol.dispose]();
  rmSync(directory, { recursive: true });
});

const ask = async (name: string): Promise<unknown> => {
  const { status, data } = await cli.get(`/${name}`);
  expect(status).toBe(200);
  return data;
};
const noted = (text: string): Promise<boolean> =>
  eventually(() => existsSync(notes) && readFileSync(notes, "utf8").includes(text), text);
const check = test.skipIf(!havePython);

check(`[R3] messages of all kinds, one and streamed${why}`, async () => {
  expect(await ask("unary")).toEqual(["all", "1152921504606846977", [0, 255], "GLAD"]);
  expect(await ask("streams")).toEqual([["x 0", "x 1", "x 2"], "2 3", "2 0", ["ONE", "TWO"]]);
});

check(`[R3] metadata goes along, and the deadline is the task's time${why}`, async () => {
  expect(await ask("metadata")).toMatchObject({ text: "t [1, 2] ['a', 'b']", status: 3, statusCode: 200 });
  const { text } = (await ask("deadline")) as { text: string };
  expect(Number(text)).toBeWithin(50, 61);
});

check(`[R4] a call carries the ids of its transaction on${why}`, async () => {
  const { answer, gtxnid, ltxnid } = (await ask("ids")) as Record<string, string>;
  expect(answer).toMatch(new RegExp(`^${gtxnid} ${Number(ltxnid) + 1} 00-[0-9a-f]{32}-[0-9a-f]{16}-01$`));
});

check(`[R3] the server's status is the result's, and fetch throws it as GrpcError${why}`, async () => {
  expect(await ask("missing")).toEqual({
    status: 3,
    statusCode: 404,
    name: "GrpcError",
    code: "NOT_FOUND",
    message: "no such greeting: größe",
    metadata: { "x-why": ["gone"] },
  });
  expect(await ask("fails")).toEqual({ name: "GrpcError", code: "DATA_LOSS", message: "two and no more" });
});

check(`[R3] a call that is out of time, left or given up ends at the server too${why}`, async () => {
  const late = { status: 1, statusCode: 702, name: "CorequestError", code: "BACKEND_TIMEOUT" };
  expect(await ask("late")).toMatchObject(late);
  await noted("slow ended");
  expect(await ask("later")).toMatchObject(late);
  expect(await ask("left")).toBe("waits 0");
  await noted("list ended");
  const count = (text: string): number => readFileSync(notes, "utf8").split(text).length - 1;
  const client = new AbortController();
  const hanging = fetch(`${cli.url}/hangs`, { signal: client.signal }).catch(() => "gone");
  await eventually(() => count("list begins") === 2, "the list to begin");
  client.abort();
  expect(await hanging).toBe("gone");
  await eventually(() => count("list ended") === 2, "the list to end");
});

check(`[R3] another member is asked when one is down; none is a network error${why}`, async () => {
  const [first, second, task, stream] = (await ask("down")) as object[];
  expect(first).toMatchObject({ text: "Hello a", status: 3 });
  expect(second).toMatchObject({ text: "Hello b", status: 3 });
  expect(task).toMatchObject({ status: 0, statusCode: 714, code: "BACKEND_UNSENT" });
  expect(task).toMatchObject({
    message: expect.stringContaining("@gone (127.0.0.1:1): greet.Greeter/SayHello"),
  });
  expect(stream).toMatchObject({ name: "CorequestError", code: "BACKEND_UNSENT" });
});

check(`[R4] .map asks every member in order, .lb one${why}`, async () => {
  expect(await ask("map")).toEqual(["one", "two"]);
  expect(await ask("lb")).toBe("Hello lb");
});

check(`[R3] TLS by the alias: a certificate that is trusted, and its name${why}`, async () => {
  expect(await ask("secure")).toMatchObject({ text: "Hello you", status: 3 });
  expect(await ask("distrusted")).toMatchObject({ status: 0, code: "BACKEND_UNSENT" });
});

check(`[R3] what there is not is refused at once, and named${why}`, async () => {
  const [method, service, file, alias] = (await ask("refused")) as { code: string; message: string }[];
  expect(method).toMatchObject({ code: "OPTION_INVALID", message: expect.stringContaining("sayHello") });
  expect(service).toMatchObject({ code: "OPTION_INVALID", message: expect.stringContaining("greet.Other") });
  expect(file).toMatchObject({ code: "OPTION_INVALID", message: expect.stringContaining("none.proto") });
  expect(alias).toMatchObject({ code: "ALIAS_UNKNOWN" });
});
