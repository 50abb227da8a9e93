import { afterAll, beforeAll, expect, test } from "bun:test";
import {
  createSecureServer,
  type Http2SecureServer,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import type { AddressInfo } from "node:net";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type AliasTls, aliasDeclaration } from "../../src/config/alias-options.ts";
import { closeConnections } from "../../src/corequest/connections.ts";
import { grpcStub } from "../../src/corequest/grpc-stub.ts";
import type { Result } from "../../src/corequest/result.ts";
import { installAlias } from "../../src/upstream/clusters.ts";
import { Authority } from "../tls/support.ts";

const authority = new Authority();
let server: Http2SecureServer;
let other: Http2SecureServer;
const sessions = new Set<ServerHttp2Session>();
let made = 0;

const pem = (name: string): string => readFileSync(authority.path(`${name}.crt`), "utf8");

beforeAll(async () => {
  await authority.make("by-name", { names: ["a.example"] });
  await authority.make("by-address", { names: ["127.0.0.1"] });
  [server, other] = ["by-name", "by-address"].map((name) => serve(name)) as [
    Http2SecureServer,
    Http2SecureServer,
  ];
  await Promise.all(
    [server, other].map((each) => new Promise<void>((done) => each.listen(0, "127.0.0.1", done))),
  );
});

/** Answers every call with an empty message. */
function serve(name: string): Http2SecureServer {
  const [key, cert] = [readFileSync(authority.path(`${name}.key`)), pem(name)];
  const made = createSecureServer({ key, cert });
  made.on("session", (session) => sessions.add(session));
  made.on("stream", (stream: ServerHttp2Stream) => {
    stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
    stream.on("end", () => stream.end(Buffer.alloc(5)));
    stream.resume();
  });
  return made;
}
afterAll(async () => {
  await closeConnections();
  for (const session of sessions) session.destroy();
  for (const each of [server, other]) each.close();
  authority[Symbol.dispose]();
});

function call(host: string, ssl: AliasTls, to = server): Promise<Result<unknown>> {
  const { port } = to.address() as AddressInfo;
  const name = `@grpc-tls${++made}` as const;
  installAlias(aliasDeclaration(name, "https", `${host}:${port}`, { ssl }));
  const stub = grpcStub(name, join(import.meta.dir, "../rpc/fixtures/grpc/greet.proto"), "greet.Greeter");
  return stub["sayHello"]!({}, { timeout: 5 }).dispatch();
}

test("[R3] TLS to a member that is an address: its certificate is for the address, or for serverName", async () => {
  expect((await call("127.0.0.1", { ca: pem("by-address") }, other)).statusCode).toBe(200);
  expect((await call("127.0.0.1", { ca: pem("by-name"), serverName: "a.example" })).statusCode).toBe(200);
  for (const ssl of [{ ca: pem("by-name") }, { ca: pem("by-address") }, {}])
    expect(await call("127.0.0.1", ssl)).toMatchObject({ status: 0, statusCode: 714 });
  expect(
    (await call("127.0.0.1", { ca: pem("by-address"), serverName: "b.example" }, other)).statusCode,
  ).toBe(714);
});

test("[R3] rejectUnauthorized: false takes any certificate", async () => {
  for (const host of ["127.0.0.1", "localhost"])
    expect((await call(host, { rejectUnauthorized: false })).statusCode).toBe(200);
  expect((await call("localhost", { ca: pem("by-name") })).statusCode).toBe(714);
});

test("[R3] user and password of a member are refused, not left out", async () => {
  const { error } = await call("user:secret@127.0.0.1", {});
  expect(error!.message).toContain("accepted: none for gRPC; metadata");
  expect(error!.message).not.toContain("secret");
});
