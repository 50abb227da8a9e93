import { describe, expect, test } from "bun:test";
import { RpcFault } from "../../src/codec/rpc-fault.ts";
import {
  decodeCall,
  decodeResponse,
  encodeCall,
  encodeFault,
  encodeResponse,
} from "../../src/codec/xmlrpc.ts";
import { fixture, peer } from "../rpc/support.ts";

const wrap = (value: string): string =>
  `<methodResponse><params><param>${value}</param></params></methodResponse>`;
const decode = (typed: string): unknown => decodeResponse(wrap(`<value>${typed}</value>`));
const encode = (value: unknown): string => /<value>(.*)<\/value>/s.exec(encodeResponse(value))![1]!;

test.each([
  [0, "<int>0</int>"],
  [-0, "<double>-0.0</double>"],
  [2147483647, "<int>2147483647</int>"],
  [-2147483648, "<int>-2147483648</int>"],
  [2147483648, "<i8>2147483648</i8>"],
  [-9007199254740991, "<i8>-9007199254740991</i8>"],
  [2n ** 63n - 1n, "<i8>9223372036854775807</i8>"],
  [0.5, "<double>0.5</double>"],
  [1e-7, "<double>0.0000001</double>"],
  [-1.25e-9, "<double>-0.00000000125</double>"],
  [1e21, "<double>1000000000000000000000.0</double>"],
  [1.5e22, "<double>15000000000000000000000.0</double>"],
  [true, "<boolean>1</boolean>"],
  [false, "<boolean>0</boolean>"],
  ["a<b>&\r\n", "<string>a&lt;b&gt;&amp;&#13;\n</string>"],
  ["", "<string></string>"],
  [null, "<nil/>"],
  [new Date("2026-01-31T23:59:58Z"), "<dateTime.iso8601>20260131T23:59:58</dateTime.iso8601>"],
  [new Uint8Array([0, 255, 7]), "<base64>AP8H</base64>"],
  [[], "<array><data></data></array>"],
  [
    [1, ["x"]],
    "<array><data><value><int>1</int></value><value><array><data><value><string>x</string></value></data></array></value></data></array>",
  ],
  [{}, "<struct></struct>"],
  [{ "a&": null }, "<struct><member><name>a&amp;</name><value><nil/></value></member></struct>"],
] as const)("[R1] %p both ways", (value, text) => {
  expect(encode(value)).toBe(text);
  expect(decode(text)).toEqual(value);
});

test("[R1] every finite double comes back, whatever its exponent", () => {
  const view = new DataView(new ArrayBuffer(8));
  let seed = 1n;
  for (let count = 0; count < 5000; count++) {
    seed = BigInt.asUintN(64, seed * 6364136223846793005n + 1442695040888963407n);
    view.setBigUint64(0, seed ^ (seed >> 29n));
    const value = view.getFloat64(0);
    if (!Number.isFinite(value)) continue;
    const text = encode(value);
    expect(text).not.toMatch(/e[+-]?\d/i);
    // 1.7e308 has 309 digits.
    expect(decode(text)).toBe(value);
  }
});

test("[R1] other forms of values: views, undefined, objects of classes, own members only", () => {
  const bytes = new Uint8Array([1, 2, 3, 4]);
  expect(decode(encode(bytes.subarray(1, 3)))).toEqual(new Uint8Array([2, 3]));
  expect(decode(encode(bytes.buffer))).toEqual(bytes);
  expect(decode(encode([undefined]))).toEqual([null]);
  expect(decode(encode(new Array(2)))).toEqual([null, null]);
  expect(decode(encode({ a: undefined, b: 1 }))).toEqual({ b: 1 });
  class Pet {
    name = "x";
  }
  expect(decode(encode(Object.assign(new Pet(), { age: 2 })))).toEqual({ name: "x", age: 2 });
});

test.each([
  ["  untyped  ", "  untyped  "],
  ["", ""],
  ["<!-- c -->a<!-- d -->b", "ab"],
  ["\n  <string> a </string>\n", " a "],
  ["<string>a<![CDATA[<b>&amp;]]>c</string>", "a<b>&amp;c"],
  ["<string>&#x4e2d;&#128512;&quot;&apos;</string>", "中😀\"'"],
  ["<i4> +7 </i4>", 7],
  ["<i8>9007199254740993</i8>", 9007199254740993n],
  ["<ex:i8>-1</ex:i8>", -1],
  ["<ex:nil/>", null],
  ["<nil></nil>", null],
  ["<double>1e3</double>", 1000],
  ["<double>.5</double>", 0.5],
  ["<base64>\n  AAEC\n  Aw==\n</base64>", new Uint8Array([0, 1, 2, 3])],
  ["<base64/>", new Uint8Array()],
  ["<dateTime.iso8601>2026-01-31T23:59:58.25+01:00</dateTime.iso8601>", new Date("2026-01-31T22:59:58.250Z")],
  ["<dateTime.iso8601>20240229T000000Z</dateTime.iso8601>", new Date("2024-02-29T00:00:00Z")],
  ["<array>\n<data>\n<value>1</value>\n<value/></data></array>", ["1", ""]],
  ["<struct><member><value>1</value></member></struct>", undefined],
  [
    "<struct><member><name>a</name><value>1</value></member><member><name>a</name><value>2</value></member></struct>",
    { a: "2" },
  ],
] as const)("[R1] reads %s", (text, value) => {
  const decoded =
    text.includes(":") && text.startsWith("<ex")
      ? decodeResponse(wrap(`<value xmlns:ex="urn:x">${text}</value>`))
      : undefined;
  if (value === undefined) expect(() => decode(text)).toThrow("<member>");
  else expect(decoded ?? decode(text) ?? null).toEqual(value as unknown as string);
});

test("[R1] a date without a zone is UTC, or local if asked for", () => {
  const text = wrap("<value><dateTime.iso8601>20260701T12:00:00</dateTime.iso8601></value>");
  expect(decodeResponse(text)).toEqual(new Date("2026-07-01T12:00:00Z"));
  const local = new Date(2026, 6, 1, 12);
  expect(decodeResponse(text, { zone: "local" })).toEqual(local);
  expect(encodeResponse(local, { zone: "local" })).toContain(">20260701T12:00:00<");
});

test("[R1] members called like parts of a prototype are members", () => {
  const members = ["__proto__", "constructor", "hasOwnProperty"]
    .map(
      (name) =>
        `<member><name>${name}</name><value><struct><member><name>a</name><value>1</value></member></struct></value></member>`,
    )
    .join("");
  const value = decode(`<struct>${members}</struct>`) as Record<string, unknown>;
  expect(Object.keys(value)).toEqual(["__proto__", "constructor", "hasOwnProperty"]);
  expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
  expect((value as { a?: string }).a).toBeUndefined();
});

describe("[R1] refuses", () => {
  const circle: unknown[] = [];
  circle.push(circle);
  const code = expect.objectContaining({ code: "RPC_INVALID", status: 400 });
  const thrownBy = (run: () => unknown): unknown => {
    try {
      return run();
    } catch (error) {
      return error;
    }
  };

  test.each([
    [Number.NaN, "finite"],
    [Number.NEGATIVE_INFINITY, "finite"],
    [2n ** 63n, "64 bits"],
    ["a\0b", "U+0000"],
    ["\x1f", "U+001F"],
    ["\ufffe", "U+FFFE"],
    ["\ud800", "characters that XML can hold"],
    [{ "\x01": 1 }, "U+0001"],
    [new Date(Number.NaN), "date"],
    [new Date(-1e15), "years"],
    [circle, "at most 64"],
    [() => 1, "type that XML-RPC has"],
    [Symbol("x"), "type that XML-RPC has"],
  ] as const)("to write %p", (value, text) => {
    const error = thrownBy(() => encodeResponse(value));
    expect(error).toEqual(code);
    expect((error as Error).message).toContain(text);
  });

  test.each([
    ["<int></int>", "integer"],
    ["<int>1.5</int>", "integer"],
    ["<int>0x10</int>", "integer"],
    ["<i8>9223372036854775808</i8>", "64 bits"],
    [`<int>${"9".repeat(1_000_000)}</int>`, "integer"],
    ["<boolean>true</boolean>", "boolean"],
    ["<double>nan</double>", "double"],
    ["<double>Infinity</double>", "double"],
    ["<double>1e999</double>", "double"],
    ["<double>0x1</double>", "double"],
    [`<double>${"1".repeat(1_000_000)}</double>`, "double"],
    ["<dateTime.iso8601>20260231T00:00:00</dateTime.iso8601>", "date"],
    ["<dateTime.iso8601>20261301T00:00:00</dateTime.iso8601>", "date"],
    ["<dateTime.iso8601>yesterday</dateTime.iso8601>", "date"],
    ["<base64>AA!A</base64>", "base64"],
    ["<nil>x</nil>", "nil"],
    ["<toString>x</toString>", "type of a value"],
    ["<int>1</int><int>2</int>", "one type"],
    ["text<int>1</int>", "text in <value>"],
    ["<int><b/></int>", "only text"],
    ["<array/>", "one <data>"],
    ["<array><data><int>1</int></data></array>", "<value> is expected"],
    ["<array><data/><data/></array>", "one <data>"],
    ["<struct><member><name>a</name></member></struct>", "<member>"],
    ["<struct><other/></struct>", "<member>"],
    ["<string>\x01</string>", "XML"],
    ["<string>&#0;</string>", "XML"],
    ["<string>&other;</string>", "XML"],
    ["<string>", "XML"],
    ["<string></String>", "XML"],
  ] as const)("to read %s", (text, reason) => {
    const error = thrownBy(() => decode(text));
    expect(error).toEqual(code);
    expect((error as Error).message).toContain(reason);
    expect((error as Error).message.length).toBeLessThan(300);
  });

  test("bombs: entities, also external ones; depth; size; tags without end", () => {
    const call = "<methodCall><methodName>a</methodName></methodCall>";
    const laughs = '<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>';
    const external = '<!DOCTYPE l [<!ENTITY a SYSTEM "file:///etc/passwd">]>';
    for (const type of [laughs, external, "<!DOCTYPE l>"])
      for (const before of ["", "\n", "<?xml version='1.0'?>", "<!-- <a> --> <?a <b> ?>\n<!---->"])
        expect(thrownBy(() => decodeCall(before + type + call))).toEqual(code);
    const utf16 = Buffer.from(`\ufeff${laughs}${call}`, "utf16le");
    expect(thrownBy(() => decodeCall(utf16))).toEqual(code);
    // The same words are harmless elsewhere.
    expect(decode("<string><![CDATA[<!DOCTYPE a>]]></string>")).toBe("<!DOCTYPE a>");
    expect(decodeCall(`<!-- <!DOCTYPE a> -->${call}`).method).toBe("a");
    const nested = (depth: number): string =>
      "<array><data><value>".repeat(depth) + "x" + "</value></data></array>".repeat(depth);
    expect(decode(nested(64))).toBeArray();
    expect(thrownBy(() => decode(nested(65)))).toEqual(code);
    expect(thrownBy(() => decode("<a>".repeat(1_000_000)))).toEqual(code);
    const list = (count: number): string => `<array><data>${"<value/>".repeat(count)}</data></array>`;
    expect(decode(list(500_000))).toBeArrayOfSize(500_000);
    expect(() => decode(list(600_001))).toThrow("at most 600000 tags");
    expect(thrownBy(() => decodeCall(call, { size: 10 }))).toEqual(code);
  });

  test("documents that are no calls and no answers", () => {
    const calls = [
      "",
      "text",
      "<methodResponse/>",
      "<methodCall/>",
      "<methodCall><params/></methodCall>",
      "<methodCall><methodName>a b</methodName></methodCall>",
      "<methodCall><methodName/></methodCall>",
      "<methodCall><methodName>a</methodName><params><value/></params></methodCall>",
      "<methodCall><methodName>a</methodName><params><param/></params></methodCall>",
      "<methodCall><methodName>a</methodName><params/><params/></methodCall>",
      "<methodCall><methodName>a</methodName></methodCall><x/>",
    ];
    for (const text of calls) expect([text, thrownBy(() => decodeCall(text))]).toEqual([text, code]);
    const answers = [
      "<methodResponse/>",
      "<methodCall/>",
      "<methodResponse><fault/></methodResponse>",
      "<methodResponse><fault><value>text</value></fault></methodResponse>",
      "<methodResponse><other/></methodResponse>",
      "<methodResponse><params><param><value/></param><param><value/></param></params></methodResponse>",
    ];
    for (const text of answers) expect([text, thrownBy(() => decodeResponse(text))]).toEqual([text, code]);
    expect(() => encodeCall("a b", [])).toThrow("method name");
  });
});

test("[R1] encodings of XML: UTF-8 with and without mark, ISO-8859-1 as declared", () => {
  const text = wrap("<value>é</value>");
  expect(decodeResponse(Buffer.from(text))).toBe("é");
  expect(decodeResponse(Buffer.from(`\ufeff${text}`))).toBe("é");
  expect(decodeResponse(Buffer.from(`<?xml version="1.0" encoding="ISO-8859-1"?>${text}`, "latin1"))).toBe(
    "é",
  );
  expect(() => decodeResponse(Buffer.from(text, "latin1"))).toThrow("XML");
});

test("[R1] calls and faults both ways", () => {
  expect(decodeCall(encodeCall("a.b:c/d_1", [1, "x", [null]]))).toEqual({
    method: "a.b:c/d_1",
    params: [1, "x", [null]],
  });
  expect(decodeCall(encodeCall("a", []))).toEqual({ method: "a", params: [] });
  expect(decodeResponse("<methodResponse><params/></methodResponse>")).toBeNull();
  const thrown = (fault: RpcFault): RpcFault => {
    try {
      throw new Error(String(decodeResponse(encodeFault(fault))));
    } catch (error) {
      return error as RpcFault;
    }
  };
  expect(thrown(new RpcFault(-5, "a <b> é"))).toMatchObject({
    name: "RpcFault",
    code: -5,
    message: "a <b> é",
    remote: true,
  });
  expect(thrown(new RpcFault(1.5, "a\0b\ud800"))).toMatchObject({ code: -32603, message: "a\ufffdb\ufffd" });
});

describe.skipIf(Bun.which("python3") === null)("Python's xmlrpc.server", () => {
  test("[R1] takes our calls, and we its answers", async () => {
    await using python = await peer(["python3", fixture("server.py")]);
    const call = async (method: string, ...params: unknown[]): Promise<unknown> => {
      const answer = await fetch(`${python.url}/RPC2`, {
        method: "POST",
        headers: { "content-type": "text/xml" },
        body: encodeCall(method, params),
      });
      return decodeResponse(await answer.bytes());
    };
    const value = {
      numbers: [0, -1, 2147483647, 0.1, 1e-300, 1.7976931348623157e308],
      text: "a<b>&\"' ]]>\t\n 中😀é ",
      deep: [[[[{ "": [true, false, null] }]]]],
      bytes: new Uint8Array(300).map((_, index) => index),
      date: new Date("2026-02-28T23:59:58Z"),
    };
    expect(await call("echo", value)).toEqual(value);
    expect(await call("repr", "a\rb")).toBe("'a\\rb'");
    expect(await call("repr", [1, 1.5, true, null, "x", new Uint8Array([1])])).toBe(
      "[1, 1.5, True, None, 'x', b'\\x01']",
    );
    expect(await call("repr", value.date)).toBe("datetime.datetime(2026, 2, 28, 23, 59, 58)");
    expect(await call("date")).toEqual(new Date("2026-01-31T23:59:58Z"));
    expect(await call("math.add", 2, 3)).toBe(5);
    const [added, failed] = (await call("system.multicall", [
      { methodName: "math.add", params: [1, 2] },
      { methodName: "fail", params: [] },
    ])) as unknown[];
    expect([added, failed]).toEqual([[3], { faultCode: 42, faultString: "not the answer <&>" }]);
    expect(await call("repr", [2147483648, -(2n ** 63n)])).toBe("[2147483648, -9223372036854775808]");
    await expect(call("fail")).rejects.toMatchObject({
      name: "RpcFault",
      code: 42,
      message: "not the answer <&>",
    });
    await expect(call("none")).rejects.toMatchObject({ name: "RpcFault", code: 1 });
  });
});
