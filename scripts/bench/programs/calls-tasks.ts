import * as skitai from "skitai";
import { nextId } from "./next-id.ts";

const { was } = skitai;
const { BENCH_POSTGRES, BENCH_REDIS, BENCH_HTTP, BENCH_SQLITE } = process.env;

const select = "select id, name, age from pets where id = $1";

const postgres = () => {
  const { username, host, pathname } = new URL(BENCH_POSTGRES!);
  return skitai.alias("@postgres", skitai.DB_PGSQL, `${username}@${host}${pathname}`, { pool: 10 });
};
const http = () => skitai.alias("@http", skitai.PROTO_HTTP, BENCH_HTTP!);

/** By case: the same handlers, each call a task. */
export const tasks: Readonly<Record<string, () => () => Promise<Response>>> = {
  "pg-select": () => {
    const name = postgres();
    return async () => Response.json(await was.db(name).execute(select, [nextId()]));
  },
  "pg-four": () => {
    const name = postgres();
    http();
    return async () => {
      const db = was.db(name);
      const one = () => db.execute(select, [nextId()]);
      return Response.json(await was.Tasks(one(), one(), one(), one(), was.get("@http/stock")));
    };
  },
  "sqlite-select": () => {
    const name = skitai.alias("@sqlite", skitai.DB_SQLITE3, BENCH_SQLITE!);
    return async () => Response.json(await was.db(name).execute(select, [nextId()]));
  },
  "redis-get": () => {
    const name = skitai.alias("@redis", skitai.DB_REDIS, BENCH_REDIS!);
    return async () => new Response(await was.redis(name).get(`pet:${nextId()}`));
  },
  "http-call": () => {
    http();
    return async () => Response.json(await was.get("@http/stock"));
  },
  "cached-result": () => {
    http();
    return async () => {
      const { data } = await was.get("@http/stock").dispatch({ cache: 600 });
      return Response.json(data);
    };
  },
  "slow-tasks": slowTasks,
};

const many = 1000;
const pool = 10;

/** A thousand tasks at once, half of them statements of 20 ms through a pool of ten, half calls of 1 s. */
function slowTasks(): () => Promise<Response> {
  const name = postgres();
  http();
  return async () => {
    const statements = Array.from({ length: many / 2 }, () =>
      was.db(name, { timeout: 30 }).execute("select pg_sleep(0.02)"),
    );
    const calls = Array.from({ length: many / 2 }, () =>
      was.get("@http/slow", {}, { timeout: 30, useCache: false }),
    );
    const answers = await was.Tasks<readonly skitai.Task[]>([...statements, ...calls]).dispatch();
    const connections = "select count(*) from pg_stat_activity where backend_type = 'client backend'";
    const { count } = await was.db(name).execute<{ count: number }>(connections).one();
    const ended = answers.filter(({ ok }) => ok).length;
    if (ended === many && count <= pool) return new Response("all ended");
    return new Response(`${ended} of ${many} ended on ${count} connections`, { status: 500 });
  };
}
