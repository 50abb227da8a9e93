import { afterAll, beforeAll, expect, test } from "bun:test";
import { type TestClient, testClient } from "../../src/testing/index.ts";
import { now, type Shown, signed } from "./support.ts";

const secret = "8fa06210-e109-11e6-934f-001b216d6e71";
const script = new URL("./fixtures/guarded.ts", import.meta.url);
const start = (options: object): Promise<TestClient> =>
  testClient(script, undefined, { workers: 1, env: { HANDLER: "1", GATEWAY: JSON.stringify(options) } });

/** Tokens of both kinds; nothing is kept. */
let server: TestClient;
/** Opaque tokens only; kept for a minute. */
let keeping: TestClient;
beforeAll(async () => {
  [server, keeping] = await Promise.all([start({ secret }), start({ cache: "1m" })]);
});
afterAll(() => Promise.all([server.stop(), keeping.stop()]));

const ask = (token: string, path = "/any/", client = server) =>
  client.get<Shown>(path, { headers: { authorization: `Bearer ${token}` } });
const jwt = (claims: object): string => signed(secret, { alg: "HS256" }, claims);

test("[G2] handleToken says whose an opaque token is", async () => {
  expect((await ask("opaque-hans", "/admin/")).data).toMatchObject({
    user: "hans",
    roles: ["user", "admin"],
  });
  const cases: [token: string, description: string][] = [
    ["opaque-unknown", "invalid token"],
    ["opaque-late", "token expired"],
    ["opaque-none", "no roles"],
    ["__proto__", "invalid token"],
  ];
  for (const [token, description] of cases) {
    const { status, headers } = await ask(token);
    expect([token, status]).toEqual([token, 401]);
    expect(headers.get("www-authenticate")).toContain(`error_description="${description}"`);
  }
});

test("[G2] handleClaim decides on verified claims, and may put others in their place", async () => {
  const cases: [claims: object, path: string, status: number][] = [
    [{ user: "eva", roles: ["user"] }, "/any/", 200],
    [{ user: "eva", roles: ["user"] }, "/admin/", 403],
    [{ user: "renamed", roles: ["user"] }, "/admin/", 200],
    [{ user: "eva", roles: ["user"], banned: true }, "/any/", 401],
    [{ user: "eva", roles: ["user"], odd: true }, "/any/", 401],
    [{ user: "eva", roles: ["user"], exp: now() - 1 }, "/any/", 401],
  ];
  for (const [claims, path, expected] of cases) {
    const { status, headers } = await ask(jwt(claims), path);
    expect([claims, status]).toEqual([claims, expected]);
    const texts: Record<number, string | null> = {
      200: null,
      401: "invalid_token",
      403: "insufficient_scope",
    };
    const text = texts[expected];
    if (text == null) expect(headers.get("www-authenticate")).toBeNull();
    else expect(headers.get("www-authenticate")).toContain(`error="${text}"`);
  }
  const { headers } = await ask(jwt({ user: "eva", roles: ["user"], odd: true }));
  expect(headers.get("www-authenticate")).toContain('error_description="invalid token"');
});

test("[G2] a JWT with a wrong signature is no opaque token", async () => {
  const before = (await ask("opaque-hans")).data.asked;
  const forged = jwt({ user: "eva", roles: ["user"] }).slice(0, -4);
  expect((await ask(forged)).status).toBe(401);
  expect((await ask(`${btoa('{"alg":"none"}').replaceAll("=", "")}.e30.`)).status).toBe(401);
  expect((await ask("opaque-hans")).data.asked).toBe(before + 1);
});

test("[G2] a handler that fails lets nobody in: 503, the reason is in the log only", async () => {
  for (const token of ["opaque-throws", "opaque-text", jwt({ user: "throws", roles: ["admin"] })]) {
    const { status, headers, text } = await ask(token);
    expect([token, status, headers.get("retry-after")]).toEqual([token, 503, "1"]);
    expect(headers.get("www-authenticate")).toBeNull();
    expect(text).not.toContain("10.0.0.1");
  }
  await server.stop();
  expect(server.output).toContain("database is down at 10.0.0.1");
  expect(server.output).not.toContain("opaque-throws");
  server = await start({ secret });
});

test("[G2] what a handler said is kept as long as the option says, refusals and failures are not", async () => {
  const first = (await ask("opaque-hans", "/any/", keeping)).data.asked;
  expect((await ask("opaque-hans", "/any/", keeping)).data.asked).toBe(first);
  expect((await ask("opaque-hans", "/admin/", keeping)).data.asked).toBe(first);
  expect((await ask("opaque-unknown", "/any/", keeping)).status).toBe(401);
  expect((await ask("opaque-unknown", "/any/", keeping)).status).toBe(401);
  expect((await ask("opaque-throws", "/any/", keeping)).status).toBe(503);
  // Three times: for the tokens that were refused.
  expect((await ask("opaque-hans", "/any/", keeping)).data.asked).toBe(first + 3);
  const { asked } = (await ask("opaque-hans", "/any/", server)).data;
  expect((await ask("opaque-hans", "/any/", server)).data.asked).toBe(asked + 1);
});

test("[G2] without keys a JWT is one of the handler's tokens", async () => {
  expect((await ask(jwt({ user: "eva", roles: ["admin"] }), "/any/", keeping)).status).toBe(401);
});

test("[G2] each of many requests at once has its own context in the handler", async () => {
  const all = await Promise.all(Array.from({ length: 50 }, () => ask("opaque-hans")));
  expect(new Set(all.map(({ status }) => status))).toEqual(new Set([200]));
});
