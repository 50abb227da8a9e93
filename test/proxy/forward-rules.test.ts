import { describe, expect, test } from "bun:test";
import { Declaration } from "../../src/config/declaration.ts";
import type { ProxyOptions } from "../../src/config/proxy-options.ts";
import { canonicalAddress, isPublic } from "../../src/proxy/forward/address.ts";
import { Destinations } from "../../src/proxy/forward/destinations.ts";
import { Refused } from "../../src/proxy/forward/refused.ts";
import { readResource, readTunnel, type Target } from "../../src/proxy/forward/target.ts";

const refusal = (act: () => unknown): number | undefined => {
  try {
    act();
  } catch (error) {
    return (error as Refused).status;
  }
  return undefined;
};

describe("[P3] targets", () => {
  test("[P3] of absolute form, the path is not touched", () => {
    expect(readResource("GET", "http://Example.COM:8080/a/../b//c?x=%2e")).toEqual({
      host: "example.com",
      port: 8080,
      authority: "example.com:8080",
      path: "/a/../b//c?x=%2e",
      url: "http://example.com:8080/a/../b//c?x=%2e",
    });
    expect(readResource("GET", "http://example.com.?q").url).toBe("http://example.com/?q");
    expect(readResource("OPTIONS", "http://example.com").path).toBe("*");
    expect(readResource("GET", "ws://[2001:DB8::1]:80/").authority).toBe("[2001:db8::1]");
  });

  test("[P3] numbers are addresses in all the forms resolvers know", () => {
    const hosts = [
      "0x7f.1",
      "2130706433",
      "0177.0.0.1",
      "127.1",
      "127.0.0.1.",
      "[::ffff:127.0.0.1]",
      "0x7F000001",
    ];
    for (const host of hosts) expect([host, readTunnel(`${host}:443`).host]).toEqual([host, "127.0.0.1"]);
    expect(readTunnel("[0:0:0:0:0:0:0:1]:443").host).toBe("::1");
    expect(canonicalAddress("fe80::1%eth0")).toBeUndefined();
  });

  test("[P3] what is none is refused", () => {
    const wrong = [
      "/a",
      "*",
      "http:/a",
      "https://a/",
      "wss://a/",
      "ftp://a/",
      "http://",
      "http://a#b",
      "http://u@a/",
    ];
    const more = [
      "http://a:0/",
      "http://a:65536/",
      "http://a:b/",
      "http://a\\b/",
      "http://a%00/",
      "http://1.2.3.4.5/",
    ];
    for (const text of [...wrong, ...more, "http://a/\u00e9", "http://[::1%25lo]/", "http://-:a@b/"])
      expect([text, refusal(() => readResource("GET", text))]).toEqual([text, 400]);
    for (const text of ["a", "a:", ":443", "a:443/", "http://a:443", "u@a:443", "a:b:443"])
      expect([text, refusal(() => readTunnel(text))]).toEqual([text, 400]);
  });
});

test("[P3] only public addresses are public", () => {
  const inside = [
    ...["0.0.0.0", "10.1.2.3", "100.64.0.1", "127.0.0.1", "169.254.169.254", "172.16.0.1", "192.0.0.8"],
    ...[
      "192.168.1.1",
      "198.18.0.1",
      "224.0.0.1",
      "255.255.255.255",
      "::",
      "::1",
      "::7f00:1",
      "64:ff9b::7f00:1",
    ],
    ...[
      "64:ff9b:1::a00:1",
      "2002:7f00:1::",
      "2001::1",
      "fc00::1",
      "fd12::1",
      "fe80::1",
      "fec0::1",
      "ff02::1",
    ],
    ...["100::1", "2001:db8::1", "3fff::1", "::ffff:0:7f00:1"],
  ];
  expect(inside.filter(isPublic)).toEqual([]);
  const outside = ["8.8.8.8", "100.63.0.1", "100.128.0.1", "172.32.0.1", "2606:4700::1111", "2a00:1450::1"];
  expect(outside.filter(isPublic)).toEqual(outside);
});

describe("[P3] destinations", () => {
  const at = (host: string, port = 443): Target => ({ host, port, authority: host });
  const judge = async (options: Partial<ProxyOptions>, target: Target): Promise<string | number> => {
    const destinations = new Destinations({ port: 3128, ...options });
    try {
      destinations.checkName(target, "tunnel");
      return (await destinations.addresses(target)).join(" ");
    } catch (error) {
      return (error as Refused).status;
    }
  };
  const names: Record<string, string[]> = {
    "www.example.com": ["93.184.216.34", "2606:2800:220:1::1"],
    "inside.example.com": ["10.0.0.1"],
    "mixed.example.com": ["93.184.216.34", "127.0.0.1"],
    "mapped.example.com": ["::ffff:10.0.0.1"],
    "zone.example.com": ["fe80::1%eth0"],
    "none.example.com": [],
    "loop.example.com": ["127.0.0.1"],
  };
  const asked: string[] = [];
  const lookup = (name: string): string[] => {
    asked.push(name);
    return names[name]!;
  };

  test("[P3] a name is judged by all addresses it has", async () => {
    expect(await judge({ lookup }, at("www.example.com"))).toBe("93.184.216.34 2606:2800:220:1::1");
    for (const name of ["inside", "mixed", "mapped", "zone"])
      expect([name, await judge({ lookup }, at(`${name}.example.com`))]).toEqual([name, 403]);
    expect(await judge({ lookup }, at("none.example.com"))).toBe(502);
    expect(await judge({ lookup }, at("127.0.0.1"))).toBe(403);
    expect(await judge({ lookup }, at("93.184.216.34"))).toBe("93.184.216.34");
  });

  test("[P3] private addresses by allowPrivate or by network, link-local ones by network only", async () => {
    expect(await judge({ lookup, allowPrivate: true }, at("inside.example.com"))).toBe("10.0.0.1");
    expect(await judge({ lookup, allowPrivate: true }, at("169.254.169.254"))).toBe(403);
    expect(await judge({ lookup, allow: ["169.254.0.0/16"] }, at("169.254.169.254"))).toBe("169.254.169.254");
    expect(await judge({ lookup, allow: ["*", "10.0.0.0/8"] }, at("mapped.example.com"))).toBe("10.0.0.1");
    const denied = { lookup, allow: ["*", "10.0.0.0/8"], deny: ["10.0.0.1"] };
    expect(await judge(denied, at("inside.example.com"))).toBe(403);
  });

  test("[P3] names that are not allowed are not even resolved", async () => {
    asked.length = 0;
    const allow = ["*.example.com", "Example.org"];
    expect(await judge({ lookup, allow }, at("example.com"))).toBe(403);
    expect(await judge({ lookup, allow }, at("badexample.com"))).toBe(403);
    expect(await judge({ lookup, allow, deny: ["*.example.com"] }, at("www.example.com"))).toBe(403);
    expect(await judge({ lookup }, at("www.example.com", 25))).toBe(403);
    expect(asked).toEqual([]);
    expect(await judge({ lookup, allow }, at("www.example.com"))).not.toBe(403);
    // A network alone leaves other addresses out.
    expect(await judge({ lookup, allow: ["10.0.0.0/8"] }, at("www.example.com"))).toBe(403);
    expect(await judge({ lookup, allow: ["10.0.0.0/8"] }, at("inside.example.com"))).toBe("10.0.0.1");
  });

  test("[P3] it does not go to itself, and a resolver that says nothing is not waited for", async () => {
    const options = { lookup, allowPrivate: true, connectPorts: [443, 3128] };
    expect(await judge(options, at("loop.example.com", 3128))).toBe(508);
    expect(await judge(options, at("127.0.0.2", 3128))).toBe(508);
    expect(await judge(options, at("127.0.0.1", 443))).toBe("127.0.0.1");
    expect(await judge({ lookup: () => new Promise(() => {}), connectTimeout: 0.02 }, at("a.b"))).toBe(504);
    const failing = { lookup: (): never => { throw new Error("inside"); } }; // prettier-ignore
    expect(await judge(failing, at("a.b"))).toBe(502);
  });
});

describe("[P3] options", () => {
  const errors = (options: unknown): string[] => {
    const declaration = new Declaration([]);
    declaration.enableProxy(options as ProxyOptions);
    return declaration.errors.map(({ message }) => message);
  };

  test("[P3] a wrong one is named with what is accepted, a password never", () => {
    expect(errors({})).toEqual(["enableProxy port: a port of its own from 1 to 65535"]);
    expect(errors(undefined)).toHaveLength(1);
    expect(errors({ port: 3128, allowed: [] })[0]).toMatch(
      /^enableProxy allowed: unknown option, known are port, /,
    );
    expect(errors({ port: 3128, auth: { "a:b": "secret" } })).toEqual([
      "enableProxy auth: passwords by user, or a function of user and password",
    ]);
    const wrong: Partial<Record<keyof ProxyOptions, unknown>>[] = [
      ...[
        { port: "3128" },
        { source: ["example.com"] },
        { allow: "*" },
        { allow: ["ex*mple.com"] },
        { deny: ["1.2.3"] },
      ],
      ...[{ connectPorts: ["443"] }, { httpPorts: ["9-1"] }, { maxTunnels: 0 }, { connectTimeout: "soon" }],
      ...[{ realm: 'a"b' }, { allowPrivate: 1 }, { lookup: {} }, { auth: {} }, { auth: { a: "" } }],
    ];
    for (const each of wrong)
      expect([each, errors({ port: 3128, ...each } as unknown).length]).toEqual([each, 1]);
    const right = {
      port: 3128,
      auth: () => true,
      source: ["::1"],
      allow: ["*.example.com", "fc00::/7", "*"],
    };
    expect(errors({ ...right, connectPorts: [443, "8000-8999"], connectTimeout: "2s" })).toEqual([]);
  });

  test("[P3] setProxyKeepAlive keeps what it does not say", () => {
    const declaration = new Declaration([]);
    expect(declaration.proxyIdle).toEqual({ channel: 60, tunnel: 600 });
    declaration.setProxyKeepAlive({ tunnel: "20m" });
    expect(declaration.proxyIdle).toEqual({ channel: 60, tunnel: 1200 });
    declaration.setProxyKeepAlive({ channel: 0, tunel: 1 } as object);
    expect(declaration.errors.map(({ message }) => message)).toEqual([
      'setProxyKeepAlive channel: 0 is not accepted; accepted: seconds above 0, or text like "10m"',
      "setProxyKeepAlive tunel: unknown option, known are channel, tunnel",
    ]);
  });
});
