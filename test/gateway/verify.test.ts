import { expect, test } from "bun:test";
import { generateKeyPairSync } from "node:crypto";
import { compactVerify, type JWK, SignJWT } from "jose";
import { gatewayDeclaration, type GatewayOptions } from "../../src/config/gateway-options.ts";
import { SkitaiError } from "../../src/errors.ts";
import { issueToken } from "../../src/gateway/issue.ts";
import { publishedKey, readKeys } from "../../src/gateway/keys.ts";
import { verifierOf } from "../../src/gateway/verifier.ts";
import type { Verified } from "../../src/gateway/verify.ts";

const warnings: string[] = [];
const verify = (options: GatewayOptions, token: string): Promise<Verified> =>
  verifierOf(gatewayDeclaration(options), (text) => warnings.push(text))!.verify(token);

/** The claims of RFC 7519 §3.1, which expired in 2011. */
const payload =
  "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
const joe = { iss: "joe", exp: 1_300_819_380, "http://example.com/is_root": true };

const vectors: { name: string; options: GatewayOptions; token: string }[] = [
  {
    name: "RFC 7515 A.1, RFC 7519 §3.1: HS256",
    options: {
      secret: Buffer.from(
        "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow",
        "base64url",
      ),
    },
    token: `eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.${payload}.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk`,
  },
  {
    name: "RFC 7515 A.2: RS256",
    options: {
      keys: {
        kty: "RSA",
        n: "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ",
        e: "AQAB",
      },
    },
    token: `eyJhbGciOiJSUzI1NiJ9.${payload}.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw`,
  },
  {
    name: "RFC 7515 A.3: ES256",
    options: {
      keys: {
        kty: "EC",
        crv: "P-256",
        x: "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        y: "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
      },
    },
    token: `eyJhbGciOiJFUzI1NiJ9.${payload}.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q`,
  },
];

for (const { name, options, token } of vectors)
  test(`[G1] ${name}`, async () => {
    // The signature is looked at first: what has a wrong one has not expired.
    expect(await verify(options, token)).toEqual({ fault: "token expired" });
    const at = token.lastIndexOf(".") + 10;
    const other = token[at] === "A" ? "B" : "A";
    expect(await verify(options, token.slice(0, at) + other + token.slice(at + 1))).toEqual({
      fault: "invalid signature",
    });
    const [head, , signature] = token.split(".");
    const changed = `${head}.${Buffer.from(JSON.stringify({ ...joe, exp: 9e9 })).toString("base64url")}.${signature}`;
    expect(await verify(options, changed)).toEqual({ fault: "invalid signature" });
  });

test("[G1] RFC 7515 A.1 with clocks that are that far apart: its claims", async () => {
  const { options, token } = vectors[0]!;
  const declaration = { ...gatewayDeclaration(options), leeway: 1e9 };
  expect(await verifierOf(declaration, () => {})!.verify(token)).toEqual({ claims: joe });
});

const rfc8037 = {
  kty: "OKP",
  crv: "Ed25519",
  d: "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
  x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
};

test("[G1] RFC 8037 A.4 and A.5: EdDSA", async () => {
  const token =
    "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
  const { verify: keys, sign } = readKeys([rfc8037]);
  expect(keys).toEqual([
    {
      kid: undefined,
      algorithms: ["EdDSA", "Ed25519"],
      key: { kty: "OKP", crv: "Ed25519", x: rfc8037.x },
    },
  ]);
  expect(sign[0]!.key).toMatchObject({ d: rfc8037.d });
  const found = await compactVerify(token, keys[0]!.key as JWK);
  expect(new TextDecoder().decode(found.payload)).toBe("Example of Ed25519 signing");
  // A good signature of what is no set of claims.
  expect(await verify({ keys: rfc8037 }, token)).toEqual({ fault: "invalid token" });
});

const pairs = {
  RS256: generateKeyPairSync("rsa", { modulusLength: 2048 }),
  ES256: generateKeyPairSync("ec", { namedCurve: "P-256" }),
  ES384: generateKeyPairSync("ec", { namedCurve: "P-384" }),
  ES512: generateKeyPairSync("ec", { namedCurve: "P-521" }),
  EdDSA: generateKeyPairSync("ed25519"),
};

test("[G1] tokens by each kind of key, as PEM text and as JWK", async () => {
  for (const [algorithm, { publicKey, privateKey }] of Object.entries(pairs)) {
    const keys = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
    const token = await issueToken(gatewayDeclaration({ keys }), { user: "hans" });
    expect(JSON.parse(Buffer.from(token.split(".")[0]!, "base64url").toString()).alg).toBe(algorithm);
    const spki = publicKey.export({ type: "spki", format: "pem" }).toString();
    for (const key of [keys, spki, publicKey.export({ format: "jwk" }) as { kty: string }])
      expect((await verify({ keys: key }, token)).claims).toMatchObject({ user: "hans" });
    for (const [name, other] of Object.entries(pairs)) {
      const one = other.publicKey.export({ type: "spki", format: "pem" }).toString();
      if (name !== algorithm) expect((await verify({ keys: one }, token)).fault).toBe("invalid token");
    }
  }
  const secret = "s".repeat(64);
  for (const algorithm of ["HS256", "HS384", "HS512", undefined]) {
    const options = algorithm === undefined ? {} : { algorithm };
    const token = await issueToken(gatewayDeclaration({ secret }), { user: "hans" }, options);
    expect((await verify({ secret }, token)).claims).toMatchObject({ user: "hans" });
    expect((await verify({ secret: "t".repeat(64) }, token)).fault).toBe("invalid signature");
  }
  const ps = await issueToken(
    gatewayDeclaration({ keys: pairs.RS256.privateKey.export({ type: "pkcs8", format: "pem" }).toString() }),
    { user: "hans" },
    { algorithm: "PS384" },
  );
  const spki = pairs.RS256.publicKey.export({ type: "spki", format: "pem" }).toString();
  expect((await verify({ keys: spki }, ps)).claims).toMatchObject({ user: "hans" });
  expect((await verify({ keys: spki, algorithms: ["RS256"] }, ps)).fault).toBe("invalid token");
});

test("[G1] tokens have times, an issuer and an audience; claims go over them", async () => {
  const secret = "s".repeat(32);
  const declaration = gatewayDeclaration({ secret, issuer: ["a", "b"], audience: "c" });
  const before = Math.floor(Date.now() / 1000);
  const { claims } = await verify(
    { secret, issuer: "a", audience: ["b", "c"] },
    await issueToken(declaration, { user: "hans" }, { expiresIn: "2m" }),
  );
  expect(claims).toMatchObject({ iss: "a", aud: "c", user: "hans" });
  const { iat, exp } = claims as { iat: number; exp: number };
  expect(exp - iat).toBe(120);
  expect(iat - before).toBeLessThan(5);
  const own = await issueToken(declaration, { iss: "b", aud: ["x", "c"] });
  expect((await verify({ secret, issuer: ["a", "b"], audience: "c" }, own)).claims).toMatchObject({
    iss: "b",
  });
  expect(await verify({ secret, issuer: "a", audience: "c" }, own)).toEqual({ fault: "invalid iss" });
  expect(await verify({ secret, audience: "d" }, own)).toEqual({ fault: "invalid aud" });
});

test("[G1] what cannot be signed", async () => {
  const secret = "s".repeat(32);
  const spki = pairs.ES256.publicKey.export({ type: "spki", format: "pem" }).toString();
  const failed = (...given: Parameters<typeof issueToken>): Promise<string> =>
    issueToken(...given).then(String, (error: SkitaiError) => `${error.code} ${error.message}`);
  expect(await failed(undefined, {})).toBe("OPTION_INVALID gateway.token: only after enableGateway");
  expect(await failed(gatewayDeclaration({ keys: spki }), {})).toContain("a secret or a private key");
  expect(await failed(gatewayDeclaration({ secret }), {}, { algorithm: "none" })).toContain(
    '"none" is not accepted; accepted: algorithm as one of HS256',
  );
  expect(
    await failed(gatewayDeclaration({ secret, algorithms: ["HS512"] }), {}, { algorithm: "HS256" }),
  ).toContain("HS256");
  for (const expiresIn of [0, -1, "soon", Number.NaN])
    expect(await failed(gatewayDeclaration({ secret }), {}, { expiresIn })).toContain("above 0 s");
  expect(await failed(gatewayDeclaration({ secret }), [] as never)).toContain("an object");
});

test("[G1] several keys: by name, without a name each is tried, a wrong name fits none", async () => {
  const named = (kid: string, { publicKey }: { publicKey: import("node:crypto").KeyObject }) => ({
    ...(publicKey.export({ format: "jwk" }) as { kty: string }),
    kid,
  });
  const two = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const keys = { keys: [named("one", pairs.ES256), named("two", two), named("three", pairs.EdDSA)] };
  const sign = (kid: string | undefined): Promise<string> =>
    new SignJWT({ user: "hans" })
      .setProtectedHeader({ alg: "ES256", ...(kid === undefined ? {} : { kid }) })
      .sign(two.privateKey);
  expect((await verify({ keys }, await sign("two"))).claims).toEqual({ user: "hans" });
  expect((await verify({ keys }, await sign(undefined))).claims).toEqual({ user: "hans" });
  expect((await verify({ keys }, await sign("one"))).fault).toBe("invalid signature");
  expect((await verify({ keys }, await sign("three"))).fault).toBe("invalid token");
});

test("[G1] keys that are not for signatures, or weak, are of no use", () => {
  const weak = generateKeyPairSync("rsa", { modulusLength: 1024 }).publicKey.export({ format: "jwk" });
  const good = pairs.ES256.publicKey.export({ format: "jwk" });
  const cases: unknown[] = [
    weak,
    { ...good, use: "enc" },
    { ...good, key_ops: ["deriveBits"] },
    { ...good, alg: "HS256" },
    { ...good, alg: "none" },
    { ...good, crv: "secp256k1" },
    { ...good, x: "AAAA" },
    { kty: "oct", k: "c2VjcmV0" },
    null,
    "text",
  ];
  for (const key of cases) expect([key, publishedKey(key)]).toEqual([key, undefined]);
  expect(publishedKey({ ...good, use: "sig", alg: "ES256", kid: 5 })?.kid).toBeUndefined();
  for (const key of cases.slice(0, 8))
    expect(() => readKeys([key as { kty: string }])).toThrow(/^enableGateway: key 1: /);
  expect(() => readKeys(["-----BEGIN PRIVATE KEY-----\nQUJD\n-----END PRIVATE KEY-----"])).toThrow(
    /^enableGateway: key 1: PEM text that can be read/,
  );
});

test("[G1] a secret below what RFC 7518 wants is taken with a warning that does not show it", async () => {
  warnings.length = 0;
  const secret = "short-but-enough";
  await verify({ secret }, "a.b.c");
  expect(warnings).toEqual([expect.stringContaining("16 bytes")]);
  expect(warnings.join()).not.toContain(secret);
});
