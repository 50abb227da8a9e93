import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { aliasDeclaration } from "../../src/config/alias-options.ts";
import { type Ask, method } from "../../src/corequest/http-calls.ts";
import { mask } from "../../src/corequest/mask.ts";
import { STA_NORMAL, STA_TIMEOUT, STA_UNSENT } from "../../src/corequest/status.ts";
import { tasks } from "../../src/corequest/tasks.ts";
import { SkitaiError } from "../../src/errors.ts";
import { installAlias } from "../../src/upstream/clusters.ts";

const get = method<Ask>("GET");
const gate = Promise.withResolvers<void>();
let server: ReturnType<typeof Bun.serve>;

beforeAll(() => {
  server = Bun.serve({
    port: 0,
    async fetch(request) {
      const { pathname } = new URL(request.url);
      if (pathname === "/never") await gate.promise;
      if (pathname === "/slow") await Bun.sleep(30);
      if (pathname.startsWith("/status/")) return new Response("no", { status: Number(pathname.slice(8)) });
      if (pathname === "/rows")
        return Response.json([
          { id: 1, name: "Ann" },
          { id: 2, name: "Bob" },
        ]);
      if (pathname === "/row") return Response.json([{ id: 1, name: "Ann" }]);
      if (pathname === "/none") return Response.json([]);
      return Response.json({ path: pathname });
    },
  });
  installAlias(aliasDeclaration("@task", "http", `127.0.0.1:${server.port}`, {}));
  installAlias(aliasDeclaration("@task-down", "http", "127.0.0.1:1", {}));
});
afterAll(async () => {
  gate.resolve();
  await server.stop(true);
});

const errorOf = async (promise: PromiseLike<unknown>): Promise<SkitaiError> => {
  try {
    await promise;
  } catch (error) {
    return error as SkitaiError;
  }
  throw new Error("it was to fail");
};

describe("[Q3] a task", () => {
  test("awaiting it is fetch", async () => {
    const task = get<{ path: string }>("@task/a");
    expect(await task).toEqual({ path: "/a" });
    expect(await task.fetch()).toEqual({ path: "/a" });
  });

  test("dispatch gives status, code, reason, headers, data and text", async () => {
    const result = await get("@task/a").dispatch();
    expect([result.status, result.statusCode, result.reason]).toEqual([STA_NORMAL, 200, "OK"]);
    expect(result.headers.get("content-type")).toContain("application/json");
    expect(result.text()).toBe('{"path":"/a"}');
  });

  test("dispatch never throws: nobody listens there", async () => {
    const result = await get("@task-down/a").dispatch();
    expect([result.status, result.statusCode, result.data]).toEqual([STA_UNSENT, 714, undefined]);
    expect(result.reason).toContain("@task-down (127.0.0.1:1): GET /a");
  });

  test("fetch and dispatchOrThrow throw for 300 and above, with the status of the answer", async () => {
    expect(await errorOf(get("@task/status/404").fetch())).toMatchObject({
      code: "BACKEND_STATUS",
      status: 404,
    });
    expect(await errorOf(get("@task/status/503").dispatchOrThrow())).toMatchObject({
      status: 503,
      data: "no",
    });
    expect(await errorOf(get("@task-down/x").commit())).toMatchObject({
      code: "BACKEND_UNSENT",
      status: 502,
    });
  });

  test("one gives the only row; 410 for none and for several", async () => {
    expect(await get<{ id: number }[]>("@task/row").one()).toMatchObject({ id: 1 });
    expect(await errorOf(get("@task/none").one())).toMatchObject({ status: 410 });
    expect(await errorOf(get("@task/rows").one())).toMatchObject({ status: 410 });
  });

  test("the timeout counts from its creation and names alias and call", async () => {
    const task = get("@task/never", undefined, { timeout: 0.2 });
    const result = await task.dispatch({ timeout: 0.05 });
    expect([result.status, result.statusCode]).toEqual([STA_TIMEOUT, 702]);
    expect(await errorOf(task.fetch())).toMatchObject({ code: "BACKEND_TIMEOUT", status: 504 });
    expect(result.reason).toContain("@task: GET /never");
  });

  test("a timeout may be longer than a timer can wait, but not without end", async () => {
    for (const timeout of ["30d", 2 ** 31] as const) {
      const task = get("@task/slow", undefined, { timeout, firstByteTimeout: timeout });
      expect((await task.dispatch({ timeout })).statusCode).toBe(200);
    }
    for (const timeout of [Number.POSITIVE_INFINITY, Number.NaN]) {
      expect(await errorOf(get("@task/a").dispatch({ timeout }))).toMatchObject({ code: "OPTION_INVALID" });
      expect(() => get("@task/a", undefined, { timeout })).toThrow(/OPTION_INVALID|accepted/);
    }
  });

  test("one nobody awaits raises nothing", async () => {
    const rejections: unknown[] = [];
    const listen = (reason: unknown): void => void rejections.push(reason);
    process.on("unhandledRejection", listen);
    const failing = get("@task-down/x");
    await failing.dispatch();
    await Bun.sleep(0);
    process.off("unhandledRejection", listen);
    expect(rejections).toEqual([]);
  });

  test("then with a callback gives a promise of what it returns", async () => {
    const answer: Promise<string> = get<{ path: string }>("@task/a").then(({ path }) => path);
    expect(await answer).toBe("/a");
  });

  test("a wrong timeout is refused", async () => {
    expect(await errorOf(get("@task/a").fetch({ timeout: "soon" }))).toMatchObject({
      code: "OPTION_INVALID",
    });
  });
});

describe("[Q4] tasks", () => {
  test("in a list, variadic and by name, typed", async () => {
    const [one, two] = await tasks([get<{ path: string }>("@task/1"), mask(2)]).fetch();
    const path: string = one.path;
    const number: number = two;
    expect([path, number]).toEqual(["/1", 2]);
    expect(await tasks(get("@task/1"), mask("x")).fetch()).toEqual([{ path: "/1" }, "x"]);
    const named = await tasks({ a: get<{ path: string }>("@task/1"), b: mask(3) }).dict();
    const typed: { a: { path: string }; b: number } = named;
    expect(typed).toEqual({ a: { path: "/1" }, b: 3 });
  });

  test("a name says what is wanted", async () => {
    const rows = (): ReturnType<typeof get<{ id: number; name: string }[]>> => get("@task/row");
    const { pet, name, id, all } = await tasks({
      pet__one: rows(),
      name__name: rows(),
      id__one__id: rows(),
      all__fetch: rows(),
    }).dict();
    const typed: [{ id: number; name: string }, string, number, object[]] = [pet, name, id, all];
    expect(typed).toEqual([{ id: 1, name: "Ann" }, "Ann", 1, [{ id: 1, name: "Ann" }]]);
  });

  test("dict holds the named ones only, and of nested ones their dictionary", async () => {
    const inner = tasks({ x: mask(1) });
    const outer = tasks({ y__dict: inner, z: mask(2) });
    outer.add(mask(3));
    expect(await outer.dict()).toEqual({ y: { x: 1 }, z: 2 });
    expect(await outer.fetch()).toEqual([[1], 2, 3] as never);
  });

  test("iterable, indexable, sliceable; add nests, merge does not", async () => {
    const all = tasks([mask(1), mask(2), mask(3)]);
    expect(await Promise.all([...all].map((task) => task.fetch()))).toEqual([1, 2, 3]);
    expect(await all[1]).toBe(2);
    expect(await all.slice(1).fetch()).toEqual([2, 3]);
    all.add(tasks([mask(4)])).merge(tasks([mask(5), mask(6)]));
    expect([all.length, await all.fetch()]).toEqual([6, [1, 2, 3, [4], 5, 6]] as never);
  });

  test("dispatch gives results with failures, fetch throws the first one, one the only rows", async () => {
    const some = tasks([get("@task/a"), get("@task-down/b"), get("@task/status/404")]);
    expect((await some.dispatch()).map(({ statusCode }) => statusCode)).toEqual([200, 714, 404]);
    expect(await errorOf(some.fetch())).toMatchObject({ code: "BACKEND_UNSENT" });
    expect(await tasks([get("@task/row"), mask([7])]).one()).toEqual([{ id: 1, name: "Ann" }, 7] as never);
  });

  test("they run at the same time, with one deadline, and carry what their maker wants", async () => {
    const some = tasks([get("@task/never"), get("@task/a")], { timeout: 0.05, meta: { user: 1 } });
    const results = await some.wait();
    expect(results.map(({ status }) => status)).toEqual([STA_TIMEOUT, STA_NORMAL]);
    expect(some.meta).toEqual({ user: 1 });
  });

  test("none at all", async () => {
    expect(await tasks([]).fetch()).toEqual([]);
    expect(await tasks({}).dict()).toEqual({});
  });

  test("a mask may hold an error", async () => {
    const failed = mask(undefined, new Error("lost"));
    expect((await failed.dispatch()).statusCode).toBe(500);
    expect((await errorOf(failed)).message).toBe("lost");
  });
});
