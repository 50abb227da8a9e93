import { afterAll, afterEach, expect, test } from "bun:test";
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { SignJWT } from "jose";
import { gatewayDeclaration, type RemoteKeySet } from "../../src/config/gateway-options.ts";
import type { Context } from "../../src/context.ts";
import type { GatewayError } from "../../src/gateway/error.ts";
import { Gateway } from "../../src/gateway/gateway.ts";
import { initializeLimits, limitsLength, MemoryLimiter } from "../../src/state/limit-memory.ts";

type Answer = () => Response | Promise<Response>;

/** An issuer that publishes what it is told, and counts who asks. */
class Issuer implements Disposable {
  asked = 0;
  answer: Answer = () => Response.json({ keys: [] });
  readonly #server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: () => {
      this.asked++;
      return this.answer();
    },
  });

  get url(): string {
    return `http://127.0.0.1:${this.#server.port}/jwks.json`;
  }

  publish(...keys: Key[]): void {
    this.answer = () =>
      Response.json({
        keys: keys.map(({ kid, pair }) => ({ ...pair.publicKey.export({ format: "jwk" }), kid })),
      });
  }

  [Symbol.dispose](): void {
    void this.#server.stop(true);
  }
}

interface Key {
  readonly kid: string;
  readonly pair: { readonly publicKey: KeyObject; readonly privateKey: KeyObject };
}
const key = (kid: string): Key => ({ kid, pair: generateKeyPairSync("ed25519") });
const sign = ({ kid, pair }: Key, user = "hans"): Promise<string> =>
  new SignJWT({ user, roles: ["user"] }).setProtectedHeader({ alg: "EdDSA", kid }).sign(pair.privateKey);

const issuers: Issuer[] = [];
afterEach(() => issuers.splice(0).forEach((issuer) => issuer[Symbol.dispose]()));
function issuer(): Issuer {
  issuers.push(new Issuer());
  return issuers.at(-1)!;
}

const context = { ip: "127.0.0.1" } as Context;
const warnings: string[] = [];

/** 200, or the status of the refusal. */
function guardOf(url: string, options: Omit<RemoteKeySet, "url"> = {}): (token: string) => Promise<number> {
  const gateway = new Gateway(gatewayDeclaration({ jwks: { url, ...options } }), {
    limiter: new MemoryLimiter(initializeLimits(new Uint8Array(limitsLength))),
    warn: (text) => warnings.push(text),
  });
  const guard = gateway.guardOf({ name: "@members", options: {} });
  return async (token) => {
    try {
      await guard(new Request("http://a/", { headers: { authorization: `Bearer ${token}` } }), context);
      return 200;
    } catch (error) {
      return (error as GatewayError).status;
    }
  };
}

test("[G1] keys are asked for once, however many ask for them at once", async () => {
  const from = issuer();
  const one = key("one");
  from.publish(one);
  const status = guardOf(from.url);
  const tokens = await Promise.all(Array.from({ length: 20 }, (_, at) => sign(one, `user${at}`)));
  expect(new Set(await Promise.all(tokens.map(status)))).toEqual(new Set([200]));
  expect(from.asked).toBe(1);
});

test("[G1] rotation: a new key is found at its first token, a key that is gone counts no more, nor does what it signed", async () => {
  const from = issuer();
  const [one, two] = [key("one"), key("two")];
  from.publish(one);
  const status = guardOf(from.url, { cooldown: 0 });
  const old = await sign(one);
  expect([await status(old), await status(old)]).toEqual([200, 200]);
  from.publish(two);
  expect(await status(await sign(two))).toBe(200);
  expect(await status(old)).toBe(401);
  expect(from.asked).toBe(3);
});

test("[G1] tokens with invented names of keys do not make us ask without end", async () => {
  const from = issuer();
  const one = key("one");
  from.publish(one);
  const status = guardOf(from.url, { cooldown: "1h" });
  expect(await status(await sign(one))).toBe(200);
  for (let round = 0; round < 20; round++)
    expect(await status(await sign(key(`invented${round}`)))).toBe(401);
  expect(from.asked).toBe(1);
});

test("[G1] outage: keys that are there stay good; without any it is 503, and good again afterwards", async () => {
  const from = issuer();
  const one = key("one");
  from.answer = () => new Response("down", { status: 500 });
  const status = guardOf(from.url, { maxAge: 1, cooldown: 0 });
  warnings.length = 0;
  const token = await sign(one);
  expect(await status(token)).toBe(503);
  expect(warnings).toEqual([expect.stringContaining("status 500")]);
  // The pause after a failure is over when somebody has asked again.
  from.publish(one);
  const end = Date.now() + 10_000;
  while ((await status(token)) !== 200 && Date.now() < end) await Bun.sleep(50);
  expect(await status(token)).toBe(200);
  from.answer = () => new Response("down", { status: 500 });
  const { asked } = from;
  for (let user = 0; from.asked < asked + 1 && Date.now() < end + 10_000; user++) {
    expect(await status(await sign(one, `user${user}`))).toBe(200);
    await Bun.sleep(50);
  }
  expect(from.asked).toBe(asked + 1);
  expect(await status(await sign(one, "after"))).toBe(200);
}, 30_000);

const one = key("one");
const set = JSON.stringify({ keys: [{ ...one.pair.publicKey.export({ format: "jwk" }), kid: "one" }] });
const good = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response(set) });
afterAll(() => good.stop(true));
const spaces = new Uint8Array(65_536).fill(32);

/** Most of them have the key. */
const wrong: Record<string, [answer: Answer, reason: RegExp]> = {
  "no JSON": [() => new Response(`<html>${set}`), /JSON/],
  "no set": [() => Response.json([]), /no JWK set/],
  "an empty set": [() => Response.json({ keys: [] }), /no key for signatures/],
  "a set of secrets": [
    () => Response.json({ keys: [{ kty: "oct", k: "AAAA", kid: "one" }] }),
    /no key for signatures/,
  ],
  "more than 256 KB": [() => new Response(set + " ".repeat(300 * 1024)), /more than 262144 bytes/],
  "without an end": [
    () => new Response(new ReadableStream({ pull: (controller) => controller.enqueue(spaces) })),
    /more than 262144 bytes/,
  ],
  "a redirect to a good one": [() => Response.redirect(good.url.href, 302), /redirect/i],
  "an answer that never comes": [() => new Promise<Response>(() => {}), /timed out/i],
  "a body that never comes": [
    () => new Response(new ReadableStream({ pull: () => new Promise(() => {}) })),
    /timed out/i,
  ],
  "not found": [() => new Response(set, { status: 404 }), /status 404/],
};

for (const [name, [answer, reason]] of Object.entries(wrong))
  test(`[G1] a key set that is ${name}: 503, and in time`, async () => {
    const from = issuer();
    from.answer = answer;
    warnings.length = 0;
    const began = Date.now();
    expect(await guardOf(from.url, { timeout: 0.5 })(await sign(one))).toBe(503);
    expect(Date.now() - began).toBeLessThan(5000);
    expect(from.asked).toBe(1);
    expect(warnings).toEqual([expect.stringMatching(reason)]);
  });

test("[G1] an issuer that is not there: 503", async () => {
  const from = issuer();
  const { url } = from;
  from[Symbol.dispose]();
  expect(await guardOf(url)(await sign(key("one")))).toBe(503);
});

test("[G1] a secret of the attacker is no key of the issuer: HS256 with a published key", async () => {
  const from = issuer();
  const one = key("one");
  from.publish(one);
  const status = guardOf(from.url);
  const { x } = one.pair.publicKey.export({ format: "jwk" });
  const forged = await new SignJWT({ user: "root", roles: ["admin"] })
    .setProtectedHeader({ alg: "HS256", kid: "one" })
    .sign(Buffer.from(x!, "base64url"));
  expect(await status(forged)).toBe(401);
  expect(from.asked).toBe(0);
});
