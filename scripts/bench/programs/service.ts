import { RedisClient, SQL } from "bun";
import { startPostgres } from "../../../test/support/postgres.ts";
import { RedisServer } from "../../../test/support/redis.ts";
import { upstream } from "./upstream.ts";

// One service with its data: says where it is, and ends with its standard input. Every row, value and answer is of one
// length, so that every request of a case is.

const first = 1000;
const rows = 1000;
const text = (id: number): string => `pet ${id}`;

async function postgres() {
  const server = await startPostgres({ max_connections: 200 });
  const sql = new SQL(server.url, { max: 1 });
  await sql`create table pets (id int primary key, name text not null, age int not null)`;
  await sql`insert into pets select i, 'pet ' || i, i % 10 from generate_series(${first}::int, ${first + rows - 1}::int) i`;
  await sql`analyze pets`;
  await sql.close();
  return { at: server.url, stop: () => server.stop() };
}

async function redis() {
  const server = await RedisServer.start({ appendonly: "no" });
  const client = new RedisClient(`redis://${server.place}`);
  for (let id = first; id < first + rows; id++) await client.set(`pet:${id}`, text(id));
  client.close();
  return { at: server.place, stop: () => server.stop() };
}

function http() {
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    routes: {
      "/stock": () => Response.json({ stock: 17, unit: "pieces" }),
      "/slow": async () => {
        await Bun.sleep(1000);
        return Response.json({ stock: 17, unit: "pieces" });
      },
    },
  });
  return { at: `127.0.0.1:${server.port}`, stop: () => server.stop(true) };
}

const services = { postgres, redis, http, upstream };
const { at, stop } = await services[process.argv[2] as keyof typeof services]();
process.stdout.write(`${at}\n`);
for await (const _ of process.stdin);
await stop();
process.exit(0);
