import { expect, test } from "bun:test";
import { gatewayDeclaration, gatewayOptions } from "../../src/config/gateway-options.ts";
import type { SkitaiError } from "../../src/errors.ts";
import { aliasPolicy } from "../../src/gateway/alias-policy.ts";
import { challenge } from "../../src/gateway/error.ts";
import { identityFields, rolesOf, strippedNames, userOf } from "../../src/gateway/identity.ts";

const errorsOf = (options: unknown): string[] => {
  try {
    gatewayDeclaration(options as never);
    return [];
  } catch (error) {
    return (error as AggregateError).errors.map(({ code, message }: SkitaiError) => `${code} ${message}`);
  }
};
const secret = "8fa06210-e109-11e6-934f-001b216d6e71";

test("[G1] enableGateway(true, secret, realm)", () => {
  expect(gatewayOptions(true, secret, "Example")).toEqual({ secret, realm: "Example" });
  expect(gatewayOptions(false, secret, "Example")).toBeUndefined();
  expect(() => gatewayOptions("yes" as never, secret, undefined)).toThrow("enableGateway: true and a secret");
  const { realm, leeway, algorithms, identity, rateLimit } = gatewayDeclaration({
    secret,
    rateLimit: { limit: 5 },
  });
  expect({ realm, leeway, algorithms, rateLimit }).toEqual({
    realm: "API Gateway",
    leeway: 0,
    algorithms: undefined,
    rateLimit: { limit: 5, period: 60, burst: 5, key: undefined, headers: false },
  });
  expect(identity).toEqual({ user: "X-Auth-User", roles: "X-Auth-Roles", claims: "X-Auth-Claims" });
});

test("[G1] options that cannot be are refused, each by name", () => {
  const cases: [options: unknown, said: RegExp][] = [
    [{}, /one of secret, keys, jwks, handler\.handleToken is needed/],
    [{ handler: { handleClaim: () => true } }, /is needed/],
    [{ secret: "" }, /secret as text or bytes/],
    [{ secret: 5 }, /secret as text or bytes/],
    [{ secret: "too-short" }, /a secret of 16 bytes or more/],
    [
      { secret: "-----BEGIN PUBLIC KEY-----\nx\n-----END PUBLIC KEY-----" },
      /PEM text as keys, not as secret/,
    ],
    [{ keys: "text" }, /keys as PEM text/],
    [{ keys: [5] }, /keys as PEM text/],
    [{ jwks: "http://id.example.com/jwks.json" }, /https URL/],
    [{ jwks: "https://a:b@id.example.com/" }, /without a password/],
    [{ jwks: "nonsense" }, /https URL/],
    [{ jwks: { url: "https://id.example.com/", age: 1 } }, /"age" is not accepted/],
    [{ jwks: { url: "https://id.example.com/", timeout: "1d" } }, /timeout from 0\.01 s to 60 s/],
    [{ secret, algorithms: ["none"] }, /"none" is not accepted/],
    [{ secret, algorithms: ["RS256"] }, /"RS256" is not accepted; accepted: algorithms of the keys: HS256/],
    [{ jwks: "https://id.example.com/", algorithms: ["HS256"] }, /"HS256" is not accepted/],
    [{ secret, algorithms: [] }, /algorithms as a list/],
    [{ secret, issuer: "" }, /issuer as a text/],
    [{ secret, audience: [5] }, /audience as a text/],
    [{ secret, leeway: -1 }, /leeway from 0 s/],
    [{ secret, realm: "a\r\nb" }, /realm as ASCII text/],
    [{ secret, handler: { handleToken: 5 } }, /handler\.handleToken as a function/],
    [{ secret, handler: [] }, /handler as an object/],
    [{ secret, rateLimit: { limit: 0 } }, /rateLimit\.limit as an integer/],
    [{ secret, rateLimit: { limit: 1.5 } }, /rateLimit\.limit as an integer/],
    [{ secret, rateLimit: { limit: 1, period: "2d" } }, /period from/],
    [{ secret, rateLimit: { limit: 1, period: "1d", burst: 1000 } }, /in 30 days at most/],
    [{ secret, rateLimit: { limit: 1, key: "ip" } }, /rateLimit\.key as a function/],
    [{ secret, identity: { user: "X Auth" } }, /names of fields/],
    [{ secret, secrets: [] }, /"secrets" is not accepted/],
  ];
  for (const [options, said] of cases) {
    const errors = errorsOf(options);
    expect([options, errors.length, errors.some((each) => said.test(each))]).toEqual([options, 1, true]);
    expect(errors[0]).not.toContain("too-short");
  }
});

test("[G1] all that is wrong is said at once", () => {
  expect(errorsOf({ secret: "x", leeway: "soon", cache: -1 }).length).toBe(3);
});

test("[G2] role and source of an alias", () => {
  const { source, roles } = aliasPolicy({
    name: "@members",
    options: { role: "admin, root", source: "172.30.1.0/24,192.168.1/24, ::1" },
  });
  expect([...roles!]).toEqual(["admin", "root"]);
  const cases: [string, boolean][] = [
    ["172.30.1.0", true],
    ["172.30.1.255", true],
    ["172.30.2.0", false],
    ["192.168.1.77", true],
    ["192.168.2.77", false],
    ["::1", true],
    ["::2", false],
    ["-", false],
  ];
  for (const [address, permitted] of cases) expect([address, source!(address)]).toEqual([address, permitted]);
  expect(aliasPolicy({ name: "@a", options: {} })).toEqual({ source: undefined, roles: undefined });
  expect(aliasPolicy({ name: "@a", options: { role: "", source: "" } })).toEqual({
    source: undefined,
    roles: undefined,
  });
  expect(aliasPolicy({ name: "@a", options: { source: ["10/8", "1.2.3.4"] } }).source!("10.9.8.7")).toBe(
    true,
  );
  // In the reference masks that end inside of an octet matched wrong addresses.
  const odd = aliasPolicy({ name: "@a", options: { source: "10.1.2.64/27" } }).source!;
  expect(["10.1.2.63", "10.1.2.64", "10.1.2.95", "10.1.2.96"].map(odd)).toEqual([false, true, true, false]);
});

test("[G2] a source or role that cannot be would shut out everybody or nobody: it is refused", () => {
  for (const source of ["10.0.0.0/33", "10.0.0", "example.com", "10.0.0.0/8,,", "::/129", 5])
    expect(() => aliasPolicy({ name: "@members", options: { source: source as string } })).toThrow(
      /^alias\("@members"\): /,
    );
  expect(() => aliasPolicy({ name: "@members", options: { role: [5] as never } })).toThrow("role as text");
});

test("[G2] who it is, and which roles", () => {
  expect(rolesOf({ roles: ["user", "admin", "user", 5] })).toEqual(["user", "admin"]);
  expect(rolesOf({ roles: "user admin,root" })).toEqual(["user", "admin", "root"]);
  expect(rolesOf({ role: "user" })).toEqual(["user"]);
  expect(rolesOf({ scope: "read write" })).toEqual(["read", "write"]);
  for (const claims of [{}, { roles: 5 }, { roles: {} }, { roles: "" }, { roles: [], role: "admin" }])
    expect(rolesOf(claims)).toEqual([]);
  expect(userOf({ user: "Hans Roh", sub: "1" })).toBe("Hans Roh");
  expect(userOf({ sub: "1" })).toBe("1");
  expect(userOf({ sub: 7 })).toBe("7");
  expect(userOf({ sub: { a: 1 } })).toBeUndefined();
});

const names = { user: "X-Auth-User", roles: "X-Auth-Roles", claims: "Remote-Claims" };

test("[G2] identity fields carry any text, and no text gets out of its field", () => {
  const claims = { user: "Hänß\r\nX-Auth-Roles: root, 100%", roles: ["a,b", "ü", "plain:role"] };
  const fields = Object.fromEntries(identityFields(claims, names));
  expect(fields["X-Auth-User"]).toMatch(/^[\x21-\x7e]+$/);
  expect(decodeURIComponent(fields["X-Auth-User"]!)).toBe(claims.user);
  expect(fields["X-Auth-Roles"]!.split(",").map(decodeURIComponent)).toEqual(claims.roles);
  expect(JSON.parse(Buffer.from(fields["Remote-Claims"]!, "base64url").toString())).toEqual(claims);
  expect(identityFields({ user: "\ud800", roles: "a" }, names)[0]).toEqual(["X-Auth-User", "%EF%BF%BD"]);
  expect(identityFields({ user: "a", text: "x".repeat(5000) }, names)).toEqual([["X-Auth-User", "a"]]);
});

test("[G2] fields that look like an identity", () => {
  const stripped = strippedNames(names);
  for (const name of [
    "x-auth-user",
    "X-AUTH-anything",
    "X_Auth_User",
    "X_AUTH_ANY",
    "x_auth-roles",
    "remote-claims",
    "Remote_Claims",
  ])
    expect([name, stripped.has(name)]).toEqual([name, true]);
  for (const name of [
    "x-author",
    "authorization",
    "x-forwarded-for",
    "xauth-user",
    "my-x-auth-user",
    "remote-claims-2",
  ])
    expect([name, stripped.has(name)]).toEqual([name, false]);
});

test("[G2] a challenge is one field, whatever the realm is", () => {
  expect(challenge('a"b\\c', "invalid_token", "token expired")).toBe(
    'Bearer realm="a\\"b\\\\c", error="invalid_token", error_description="token expired"',
  );
});
