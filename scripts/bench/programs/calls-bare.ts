import { Database } from "bun:sqlite";
import { SQL } from "bun";
import { Redis } from "ioredis";
import { nextId } from "./next-id.ts";

const { BENCH_POSTGRES, BENCH_REDIS, BENCH_HTTP, BENCH_SQLITE } = process.env;

type Handler = () => Response | Promise<Response>;

function redisGet(enableAutoPipelining: boolean): Handler {
  const [host, port] = BENCH_REDIS!.split(":");
  const redis = new Redis({ host: host!, port: Number(port), enableAutoPipelining });
  return async () => new Response(await redis.get(`pet:${nextId()}`));
}

/** By case: what somebody writes by hand, with the driver that the engine uses as well. Each makes its pool once. */
export const bare: Readonly<Record<string, () => Handler>> = {
  "pg-select": () => {
    const sql = new SQL(BENCH_POSTGRES!, { max: 10 });
    return async () => Response.json(await sql`select id, name, age from pets where id = ${nextId()}`);
  },
  "pg-four": () => {
    const sql = new SQL(BENCH_POSTGRES!, { max: 10 });
    const one = () => sql`select id, name, age from pets where id = ${nextId()}`;
    return async () => {
      const stock = async () => (await fetch(`http://${BENCH_HTTP}/stock`)).json();
      return Response.json(await Promise.all([one(), one(), one(), one(), stock()]));
    };
  },
  "sqlite-select": () => {
    const query = new Database(BENCH_SQLITE!).query("select id, name, age from pets where id = ?");
    return () => Response.json(query.all(nextId()));
  },
  "redis-get": () => redisGet(true),
  "redis-get-single": () => redisGet(false),
  "http-call": () => async () => Response.json(await (await fetch(`http://${BENCH_HTTP}/stock`)).json()),
  constant: () => {
    const data = { stock: 17, unit: "pieces" };
    return () => Response.json(data);
  },
};
