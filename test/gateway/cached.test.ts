import { expect, test } from "bun:test";
import { testClient } from "../../src/testing/index.ts";

const script = new URL("./fixtures/mounted.ts", import.meta.url);

test("[C1 G1] with a cache, nobody gets what varies by another's identity, address or way here", async () => {
  await using upstream = Bun.serve({
    port: 0,
    fetch(request) {
      const vary = new URL(request.url).pathname.slice(1);
      const text = `${request.headers.get("x-auth-user")} ${request.headers.get("x-forwarded-host")}`;
      return new Response(text, { headers: { vary, "cache-control": "public, max-age=60" } });
    },
  });
  await using server = await testClient(script, undefined, {
    args: [`--upstream=127.0.0.1:${upstream.port}`, "--cached", "--workers=1"],
  });
  const ask = async (user: string, vary: string, more: Record<string, string> = {}): Promise<string> => {
    const { text } = await server.get(`/token?user=${user}&role=staff`);
    const headers = { authorization: `Bearer ${text}`, ...more };
    return (await server.get(`/staff/${vary}`, { headers })).text;
  };
  for (const vary of ["x-auth-user", "x-forwarded-for", "x-real-ip", "X-Auth-Roles"]) {
    expect(await ask("alice", vary)).toStartWith("alice");
    expect([vary, await ask("bob", vary)]).toEqual([vary, expect.stringMatching(/^bob/)]);
  }
  // A trusted peer says by which name and scheme clients came.
  const host = (name: string) => ask("alice", "accept", { "x-forwarded-host": name });
  expect([await host("a.test"), await host("b.test")]).toEqual(["alice a.test", "alice b.test"]);
});
