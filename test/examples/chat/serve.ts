import * as skitai from "skitai";
import { z } from "zod";

// A group chat: `bun serve.ts`, then open http://127.0.0.1:5000/ in two windows. Nicknames are what people say they are:
// where that matters, let `onInit` look at a session or a token and refuse with a `Response`.

const { was } = skitai;

skitai.addOption(null, "--database=FILE", "where what was said is kept");
skitai.alias("@history", skitai.DB_SQLITE3, skitai.options.get("--database", "./chat.db"));
skitai.registerStates("chat");
const db = () => was.db("@history");

const query = z.object({
  room_id: z.string().regex(/^[\p{L}\p{N}_-]{1,30}$/u),
  name: z.string().trim().min(1).max(24),
});
type Client = skitai.SocketClient<z.infer<typeof query>>;

/** What a page may send. */
const Message = z.discriminatedUnion("type", [
  z.object({ type: z.literal("say"), text: z.string().trim().min(1).max(1000) }),
  z.object({ type: z.literal("typing") }),
  z.object({ type: z.literal("people") }),
]);

const newest = (room: string) =>
  db().sql`select id, name, text, at from messages where room = ${room} order by id desc limit 50`;
const rooms = () => db().sql`select room from messages group by room order by max(id) desc limit 20`;

/** Ids of clients are the engine's; their names stand beside them in a table, for all workers. */
async function people(client: Client) {
  const ids = await client.list();
  return await db().sql`select id, name from people where id in (select value from json_each(${ids}))`;
}

/** Ids of messages count up over all workers: pages show them in the same order. The last 10,000 are kept. */
async function save({ room_id, name }: Client["query"], text: string) {
  const at = Date.now();
  const { id } = await db().sql<{ id: number }>`
    insert into messages (room, name, text, at) values (${room_id}, ${name}, ${text}, ${at}) returning id`.one();
  if (id % 100 === 0) await db().sql`delete from messages where id <= ${id - 10_000}`;
  return { type: "said", id, name, text, at };
}

const chat = skitai.websocket(
  {
    spec: skitai.WS_GROUPCHAT, // what a handler returns goes to all who are in the room, on any worker
    encoding: "json",
    query,
    maxMessage: "8kb",
    async onOpen(client) {
      const { id, query } = client;
      await db().sql`insert into people values (${id}, ${query.name}, ${Date.now() / 1000})`;
      const history = (await newest(query.room_id)).toReversed();
      const known = (await rooms()).map(({ room }) => room);
      const worker = process.pid;
      client.send({ type: "welcome", worker, history, rooms: known, people: await people(client) });
      return client.closed ? undefined : { type: "joined", id, name: query.name };
    },
    async onClose({ id, query: { name } }) {
      await db().sql`delete from people where id = ${id}`;
      return { type: "left", id, name };
    },
  },
  async (given, client) => {
    const { data: message } = Message.safeParse(given);
    switch (message?.type) {
      case "say":
        return await save(client.query, message.text);
      case "typing":
        return client.say({ type: "typing", name: client.query.name }, undefined, { others: true });
      case "people":
        return void client.send({ type: "people", people: await people(client) });
      default:
        return client.close(1008, "no message of this chat");
    }
  },
);

async function beforeMount(): Promise<void> {
  await db().execute(`
    create table if not exists messages
      (id integer primary key, room text not null, name text not null, text text not null, at integer not null);
    create index if not exists messages_by_room on messages (room, id);
    create table if not exists people (id text primary key, name text not null, entered real not null)`);
  // Who was here before the service started, and has not been seen to leave.
  await db().sql`delete from people where entered < ${was.getlu("chat")}`;
}

skitai.mount("/", "./static");
skitai.mount("/chat", chat, { hooks: { beforeMount } });
await skitai.run({ port: 5000, workers: 2, name: "chat" });
