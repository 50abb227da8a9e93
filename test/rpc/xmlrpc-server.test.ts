import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { xmlrpc } from "../../src/index.ts";
import { type TestClient, testClient } from "../../src/testing/index.ts";
import { eventually } from "../support/log-lines.ts";
import { rawExchange } from "../mounts/support.ts";

let server: TestClient;
beforeAll(async () => void (server = await testClient(new URL("./fixtures/serve.ts", import.meta.url))));
afterAll(() => server.stop());

const text = { headers: { "content-type": "text/xml" } };
const call = (method: string, params = ""): string =>
  `<?xml version="1.0"?><methodCall><methodName>${method}</methodName><params>${params}</params></methodCall>`;
const post = (path: string, body: string) => server.post(path, body, text);
/** Code and text of a fault. */
const faultIn = (answer: string): [number, string] => [
  Number(/<int>(-?\d+)<\/int>/.exec(answer)?.[1]),
  /<string>([^<]*)<\/string>/.exec(answer)?.[1] ?? "",
];

describe.skipIf(Bun.which("python3") === null)("Python's xmlrpc.client", () => {
  let told: Record<string, unknown>;
  beforeAll(async () => {
    const script = Bun.fileURLToPath(new URL("./fixtures/client.py", import.meta.url));
    const run = Bun.spawn(["python3", script, `${server.url}/rpc2`, `${server.url}/hidden`], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    const [out, error] = await Promise.all([run.stdout.text(), run.stderr.text()]);
    expect([await run.exited, error]).toEqual([0, ""]);
    told = JSON.parse(out);
  });

  test("[R1] calls with all types, which come back as they went", () => {
    expect(told).toMatchObject({ add: 5, pow: 1024, nothing: null, big: true });
    const echoes = Object.entries(told).filter(([name]) => name.startsWith("echo "));
    expect(echoes.filter(([, same]) => same !== true)).toEqual([]);
    expect(echoes).toHaveLength(14);
    expect(told["whole double"]).toBe(2);
    expect(told["i8"]).toEqual([true, "-9223372036854775808"]);
    expect(told["lines"]).toBe("a\r\nb\rc\n");
  });

  test("[R1] methods run within the request", () => {
    expect(told["where"]).toEqual({ id: expect.stringMatching(/^\S+$/), path: "/", point: "/rpc2" });
  });

  test("[R1] a RpcFault is told, anything else is a 500 without its text", () => {
    expect(told["fault"]).toEqual([42, "not the answer <&>"]);
    for (const name of ["crash", "remote", "unsayable", "nan", "too big"])
      expect([name, told[name]]).toEqual([name, [500, "Internal server error"]]);
  });

  test("[R1] only own functions can be called", () => {
    for (const [name, called] of [
      ["unknown", "none.such"],
      ["constructor", "constructor"],
      ["__proto__", "__proto__.toString"],
      ["toString", "add.toString"],
    ] as const)
      expect(told[name]).toEqual([-32601, `Method not found: ${called}`]);
  });

  test("[R1] introspection", () => {
    expect(told["methods"]).toEqual(expect.arrayContaining(["add", "math.pow", "system.listMethods"]));
    expect(told["methods"]).not.toContain("math");
    expect(told["help"]).toEqual(["Adds two numbers", ""]);
    expect(told["signature"]).toEqual([[["int", "int", "int"]], "undef"]);
    expect(told["help of none"]).toEqual([-32601, "Method not found: toString"]);
    expect(told["hidden"]).toEqual([-32601, "Method not found: system.listMethods"]);
  });

  test("[R1] system.multicall answers each call, faults included, and not itself", () => {
    expect(told["multicall"]).toEqual([3, 81]);
    expect(told["multicall faults"]).toEqual([42, 500, -32601, -32602, [["hello", 5]]]);
    expect(told["multicall of nonsense"]).toEqual([-32602, "system.multicall takes a list of calls"]);
  });

  test("[R1] limits of calls and bytes", () => {
    expect(told["three"]).toEqual([[3], [3], [3]]);
    expect(told["four"]).toEqual([-32602, "At most 3 calls in one"]);
    expect(told["too large"]).toBe(413);
  });
});

test("[R1] what a method threw is logged with its request, a fault that was meant is not", async () => {
  const secret = (await post("/rpc2", call("crash"))).text;
  expect(secret).not.toContain("secret");
  await post("/rpc2", call("fail"));
  await eventually(() => server.output.includes("TypeError: secret of the inside"), "the traceback");
  expect(server.output).toMatch(/\[expt:\S+\/1000\] TypeError: secret of the inside/);
  expect(server.output).not.toContain("not the answer");
});

test("[R1] in development the client sees what was thrown", async () => {
  expect(faultIn((await post("/debug", call("crash"))).text)).toEqual([
    500,
    "TypeError: secret of the inside",
  ]);
});

test("[R1] what is no call is a fault that is not logged", async () => {
  const before = server.output.split("[expt:").length;
  const bombs = '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>';
  expect(faultIn((await post("/rpc2", bombs + call("add"))).text)[0]).toBe(-32700);
  expect(faultIn((await post("/rpc2", "")).text)[0]).toBe(-32700);
  expect(faultIn((await post("/rpc2", "<a><b></a>")).text)[0]).toBe(-32700);
  expect(faultIn((await post("/rpc2", "<methodResponse/>")).text)[0]).toBe(-32600);
  expect(faultIn((await post("/rpc2", call("a b"))).text)[0]).toBe(-32600);
  expect(
    faultIn((await post("/rpc2", call("add", "<param><value><int>x</int></value></param>"))).text)[0],
  ).toBe(-32600);
  const deep = "<a>".repeat(1_000_000);
  expect(faultIn((await post("/rpc2", deep)).text)[0]).toBe(-32700);
  expect((await post("/rpc2", call("updates"))).status).toBe(200);
  expect(server.output.split("[expt:")).toHaveLength(before);
});

test("[R1] only POST of XML, not compressed", async () => {
  const get = await server.get("/rpc2");
  expect([get.status, get.headers.get("allow")]).toEqual([405, "POST"]);
  const { status } = await server.post("/rpc2", call("updates"), {
    headers: { "content-type": "text/plain" },
  });
  expect(status).toBe(415);
  const headers = { "content-type": "text/xml", "content-encoding": "gzip" };
  expect((await server.post("/rpc2", call("updates"), { headers })).status).toBe(415);
  const answer = await post("/rpc2", call("updates"));
  expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "text/xml; charset=utf-8"]);
});

test("[R1] a body larger than 4 MB is refused: by its length before it is read, else when it has passed", async () => {
  const head = "POST /rpc2 HTTP/1.1\r\nHost: a\r\nContent-Type: text/xml\r\nConnection: close\r\n";
  // 200 MB, of which nothing is ever sent.
  const announced = await rawExchange(server.port, `${head}Content-Length: 200000000\r\n\r\n<`);
  expect(announced).toStartWith("HTTP/1.1 413 ");
  const chunk = `10000\r\n${"x".repeat(65536)}\r\n`;
  const chunked = await rawExchange(
    server.port,
    `${head}Transfer-Encoding: chunked\r\n\r\n${chunk.repeat(80)}`,
  );
  expect(chunked).toStartWith("HTTP/1.1 413 ");
  const small = `Transfer-Encoding: chunked\r\n\r\n${call("updates").length.toString(16)}\r\n${call("updates")}\r\n0\r\n\r\n`;
  expect(await rawExchange(server.port, head + small)).toStartWith("HTTP/1.1 200 ");
});

test("[R1] wrong methods and options are refused at the start", () => {
  class Pets {
    find(): number {
      return 1;
    }
  }
  const circle: Record<string, never> = {};
  (circle as Record<string, unknown>)["circle"] = circle;
  const method = (): number => 1;
  for (const wrong of [
    {},
    { a: 5 },
    { a: null },
    { "a b": method },
    { "a.b": method },
    { a: new Pets() },
    circle,
    [],
  ])
    expect(() => xmlrpc(wrong as never)).toThrow("functions by name");
  expect(() => xmlrpc({ system: { listMethods: method } })).toThrow("system.listMethods");
  expect(() => xmlrpc({ method }, { maxBodySize: "much" })).toThrow('maxBodySize: "much" is not accepted');
  expect(() => xmlrpc({ method }, { maxBatch: 0 })).toThrow("maxBatch: 0 is not accepted");
});
