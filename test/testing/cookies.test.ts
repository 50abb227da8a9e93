import { describe, expect, test } from "bun:test";
import { CookieJar } from "../../src/testing/index.ts";

const at = (path: string, host = "www.example.com", secure = false) => ({ host, path, secure });

function jarWith(headers: string[], from = at("/")): CookieJar {
  const jar = new CookieJar();
  jar.store(headers, from);
  return jar;
}

describe("[V1] cookie jar, RFC 6265", () => {
  test("path match stops at a slash", () => {
    const jar = jarWith(["a=1; Path=/docs"]);
    const paths = ["/docs", "/docs/", "/docs/x", "/docsx", "/"];
    expect(paths.map((path) => jar.header(at(path)))).toEqual(["a=1", "a=1", "a=1", undefined, undefined]);
  });

  test("the default path is the directory of the request", () => {
    const jar = jarWith(["a=1", "b=2; Path=relative"], at("/app/login"));
    expect([jar.header(at("/app/x")), jar.header(at("/"))]).toEqual(["a=1; b=2", undefined]);
    expect(jarWith(["a=1"], at("/login")).header(at("/x"))).toBe("a=1");
  });

  test("without Domain it is for the host alone, with it for hosts below", () => {
    const jar = jarWith(["a=1", "b=2; Domain=.Example.com"]);
    expect(jar.header(at("/"))).toBe("a=1; b=2");
    expect(jar.header(at("/", "example.com"))).toBe("b=2");
    expect(jar.header(at("/", "badexample.com"))).toBeUndefined();
  });

  test("a foreign domain is refused", () => {
    expect([...jarWith(["a=1; Domain=other.com", "b=2; Domain=api.www.example.com"])]).toEqual([]);
    expect([...jarWith(["a=1; Domain=0.0.1"], at("/", "127.0.0.1"))]).toEqual([]);
  });

  test("Secure needs a secure request, to set and to send", () => {
    expect([...jarWith(["a=1; Secure"])]).toEqual([]);
    const jar = jarWith(["a=1; Secure"], at("/", "www.example.com", true));
    expect([jar.header(at("/")), jar.header(at("/", "www.example.com", true))]).toEqual([undefined, "a=1"]);
  });

  test("Max-Age goes over Expires; the past deletes", () => {
    const jar = jarWith(["a=1; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "b=2"]);
    expect(jar.header(at("/"))).toBe("a=1; b=2");
    jar.store(["b=; Expires=Thu, 01 Jan 1970 00:00:00 GMT"], at("/"));
    expect(jar.header(at("/"))).toBe("a=1");
  });

  test("longer paths first, one per name, domain and path", () => {
    const jar = jarWith(["a=root; Path=/", "a=deep; Path=/x", "a=new; Path=/", "nonsense"]);
    expect(jar.header(at("/x"))).toBe("a=deep; a=new");
    expect(jar.get("a")).toBe("deep");
  });
});
