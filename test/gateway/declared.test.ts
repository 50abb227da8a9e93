import { expect, test } from "bun:test";
import { gatewayDeclaration } from "../../src/config/gateway-options.ts";
import { verifierOf } from "../../src/gateway/verifier.ts";
import { testClient } from "../../src/testing/index.ts";
import { runScript } from "../process/support.ts";

const script = new URL("./fixtures/declared.ts", import.meta.url);
const secret = "8fa06210-e109-11e6-934f-001b216d6e71";
const env = (...given: readonly unknown[]) => ({ GATEWAY: JSON.stringify(given) });

test("[G1] a script gives out tokens that its gateway believes", async () => {
  await using server = await testClient(script, undefined, { env: env(true, secret, "Example"), workers: 1 });
  const { status, text } = await server.post("/", { claims: { user: "hans", roles: ["admin"] } });
  expect(status).toBe(200);
  const verifier = verifierOf(gatewayDeclaration({ secret }), () => {})!;
  expect((await verifier.verify(text)).claims).toMatchObject({ user: "hans", roles: ["admin"] });
  const refused = await server.post("/", { claims: {}, options: { algorithm: "none" } });
  expect(refused.status).toBe(500);
  await server.stop();
  expect(server.output).toContain("gateway.token");
  expect(server.output + refused.text).not.toContain(secret);
});

test("[G1] without a gateway there are no tokens", async () => {
  await using server = await testClient(script, undefined, { workers: 1 });
  expect((await server.post("/", { claims: {} })).status).toBe(500);
  await server.stop();
  expect(server.output).toContain("only after enableGateway");
});

test("[G1] wrong options are said before anything listens", async () => {
  const cases: [given: readonly unknown[], said: string][] = [
    [[true], "skitai: enableGateway: one of secret, keys, jwks, handler.handleToken is needed\n"],
    [
      [true, "a short one"],
      "skitai: enableGateway: a secret of 16 bytes or more, better 32 (RFC 7518 §3.2)\n",
    ],
    [
      [{ jwks: "ftp://x/", leeway: "soon" }],
      'skitai: enableGateway: "ftp://x" is not accepted; accepted: jwks as an https URL, or http on this machine\n' +
        'skitai: enableGateway: "soon" is not accepted; accepted: leeway from 0 s to 600 s\n',
    ],
    [
      ["yes"],
      'skitai: enableGateway: true and a secret, or options like { secret } or { jwks: "https://…" }\n',
    ],
  ];
  for (const [given, stderr] of cases)
    expect(
      await runScript("../../gateway/fixtures/declared.ts", { args: ["--port=0"], env: env(...given) }),
    ).toEqual({
      code: 1,
      stdout: "",
      stderr,
    });
});

test("[G1] enableGateway(false) is none", async () => {
  await using server = await testClient(script, undefined, { env: env(false), workers: 1 });
  expect((await server.post("/", { claims: {} })).status).toBe(500);
});
