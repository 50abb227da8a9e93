import { Database } from "bun:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestClient, testClient } from "../../src/testing/index.ts";

const folder = mkdtempSync(join(tmpdir(), "skitai-gateway-"));
const file = join(folder, "photos.db");
const script = new URL("./fixtures/mounted.ts", import.meta.url);
let asked = 0;
let upstream: ReturnType<typeof Bun.serve>;
let server: TestClient;

beforeAll(async () => {
  using database = new Database(file);
  database.run("create table photos (id integer primary key, title text, taken text, owner text)");
  for (let id = 1; id <= 30; id++)
    database.run("insert into photos values (?, ?, ?, ?)", [id, `photo ${id}`, `2026-01-${id}`, "private"]);
  upstream = Bun.serve({
    port: 0,
    fetch(request) {
      asked++;
      return Response.json(Object.fromEntries(request.headers));
    },
  });
  server = await testClient(script, undefined, {
    args: [`--upstream=127.0.0.1:${upstream.port}`, `--database=${file}`],
  });
});
afterAll(async () => {
  await server.stop();
  await upstream.stop(true);
  rmSync(folder, { recursive: true });
});

const bearer = async (role: string): Promise<Record<string, string>> => ({
  authorization: `Bearer ${(await server.get(`/token?user=hans&role=${role}`)).text}`,
});

describe("[G1 G2] an upstream behind the gateway", () => {
  test("nobody without a token, or with another role; nothing is forwarded", async () => {
    asked = 0;
    const nobody = await server.get("/staff/a");
    expect([nobody.status, nobody.headers.get("www-authenticate")]).toEqual([
      401,
      'Bearer realm="photos & more"',
    ]);
    const other = await server.get("/staff/a", { headers: await bearer("guest") });
    expect([other.status, other.headers.get("www-authenticate")]).toEqual([
      403,
      expect.stringContaining('error="insufficient_scope"'),
    ]);
    const forged = await server.get("/staff/a", {
      headers: { authorization: "Bearer eyJhbGciOiJub25lIn0.e30." },
    });
    expect([forged.status, forged.headers.get("content-type")]).toEqual([401, "application/problem+json"]);
    expect(asked).toBe(0);
  });

  test("it knows who asks, whatever the client says of itself", async () => {
    const headers = {
      ...(await bearer("staff")),
      "x-auth-user": "root",
      "X-Auth-Roles": "admin",
      x_auth_user: "root",
    };
    const { status, data } = await server.get<Record<string, string>>("/staff/a", { headers });
    expect(status).toBe(200);
    expect([data["x-auth-user"], data["x-auth-roles"], data["x_auth_user"]]).toEqual([
      "hans",
      "staff",
      undefined,
    ]);
  });

  test("only from the addresses of its alias", async () => {
    const headers = await bearer("staff");
    const near = await server.get("/near/a", { headers: { ...headers, "x-forwarded-for": "10.1.2.3" } });
    const far = await server.get("/near/a", { headers: { ...headers, "x-forwarded-for": "192.0.2.1" } });
    expect([near.status, far.status]).toEqual([200, 403]);
  });
});

describe("[G1] a database behind the gateway", () => {
  interface Page {
    rows: Record<string, unknown>[];
    next: string | null;
  }

  test("shows the named columns of the named tables, by pages", async () => {
    const headers = await bearer("guest");
    const { data } = await server.get<Page>("/data/photos?id.gt=27&order=-id&limit=2", { headers });
    expect(data.rows).toEqual([
      { id: 30, title: "photo 30", taken: "2026-01-30" },
      { id: 29, title: "photo 29", taken: "2026-01-29" },
    ]);
    const next = await server.get<Page>(`/data/photos${data.next!.slice(data.next!.indexOf("?"))}`, {
      headers,
    });
    expect(next.data.rows.map(({ id }) => id)).toEqual([28]);
    const some = await server.get<Page>("/data/photos?id.in=1,3&columns=title&title.ne=photo 3", { headers });
    expect(some.data.rows).toEqual([{ title: "photo 1" }]);
  });

  test("nothing else: columns, tables, methods, hostile values", async () => {
    const headers = await bearer("guest");
    for (const path of [
      "/data/photos?owner=private",
      "/data/photos?columns=owner",
      "/data/photos?order=owner",
    ])
      expect((await server.get(path, { headers })).status).toBe(400);
    expect((await server.get("/data/sqlite_master", { headers })).status).toBe(404);
    expect((await server.post("/data/photos", { id: 1 }, { headers })).status).toBe(405);
    const hostile = await server.get<Page>("/data/photos?title=' or 1=1 --", { headers });
    expect([hostile.status, hostile.data.rows]).toEqual([200, []]);
    expect((await server.get("/data/photos")).status).toBe(401);
  });
});

test("[G2] roles that nobody would look at are refused at start", async () => {
  const failed = testClient(script, undefined, { args: ["--open"] }).then(
    async (client) => `started: ${await client.stop()}`,
    (error: Error) => String(error.cause),
  );
  expect(await failed).toContain('alias("@staff"): role and source only with enableGateway');
});
