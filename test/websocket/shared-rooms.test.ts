import { afterAll, beforeAll, expect, test } from "bun:test";
import { type TestClient, testClient } from "../../src/testing/index.ts";
import { Client } from "./support.ts";

let server: TestClient;
beforeAll(async () => {
  server = await testClient(new URL("./fixtures/shared.ts", import.meta.url));
});
afterAll(() => server.stop());

interface Member extends Disposable {
  readonly client: Client;
  readonly id: string;
  readonly pid: number;
}

const ask = async <Data>(client: Client, command: string): Promise<Data> =>
  JSON.parse(String(await client.ask(command))) as Data;

async function member(room: string): Promise<Member> {
  const client = await Client.open(`${server.url}/chat?room_id=${room}`);
  const { id, pid } = await ask<{ id: string; pid: number }>(client, "/me");
  return { client, id, pid, [Symbol.dispose]: () => client.socket.close() };
}

/** One on each of `count` workers. */
async function spread(room: string, count: number): Promise<Member[]> {
  const members = new Map<number, Member>();
  for (let i = 0; members.size < count && i < 200; i++) {
    const found = await member(room);
    if (!members.has(found.pid)) members.set(found.pid, found);
    else found.client.socket.close();
  }
  expect(members.size).toBe(count);
  return [...members.values()];
}

/** Asks until the room of each has `ids`, and nobody else. */
async function settle(members: readonly Member[], ids: readonly string[]): Promise<void> {
  const wanted = JSON.stringify(ids.toSorted());
  const deadline = Date.now() + 8000;
  for (const { client } of members) {
    for (;;) {
      const list = JSON.stringify((await ask<string[]>(client, "/list")).toSorted());
      if (list === wanted) break;
      if (Date.now() > deadline) throw new Error(`a list is ${list}, not ${wanted}`);
    }
  }
}

test("[X3] members on three workers get every message once, in the order of each sender", async () => {
  const members = await spread("order", 3);
  await settle(
    members,
    members.map(({ id }) => id),
  );
  for (let i = 0; i < 200; i++) for (const { client, id } of members) client.send(`${id} ${i}`);
  for (const { client } of members) {
    const got = (await client.take(600)).map(String);
    for (const { id } of members) {
      const of = got.filter((text) => text.startsWith(`${id} `)).map((text) => Number(text.split(" ")[1]));
      expect(of).toEqual(Array.from({ length: 200 }, (_, i) => i));
    }
    expect(client.left).toBe(0);
  }
  for (const { client } of members) client.socket.close();
});

test("[X3] whisper reaches one client on another worker; lists and counts are those of all", async () => {
  const [one, two, three] = (await spread("whisper", 3)) as [Member, Member, Member];
  await settle([one, two, three], [one.id, two.id, three.id]);
  expect(await ask<boolean>(one.client, `/whisper ${three.id} psst there`)).toBe(true);
  expect(await three.client.next()).toBe("psst there");
  expect(await ask<boolean>(one.client, "/whisper nobody-at-all x")).toBe(false);
  expect(await ask<number>(two.client, "/count")).toBe(3);
  expect(two.client.left).toBe(0);
  three.client.socket.close();
  await settle([one, two], [one.id, two.id]);
  for (const { client } of [one, two]) client.socket.close();
});

test("[X3] a worker that is killed leaves nobody in any list, and the one in its place knows all", async () => {
  const [one, two, three] = (await spread("ghosts", 3)) as [Member, Member, Member];
  await settle([one, two, three], [one.id, two.id, three.id]);
  process.kill(two.pid, "SIGKILL");
  await two.client.closed;
  await settle([one, three], [one.id, three.id]);
  const known = new Set([one.pid, three.pid]);
  let late: Member;
  for (;;) {
    late = await member("ghosts").catch(async () => member("ghosts"));
    if (!known.has(late.pid)) break;
    late.client.socket.close();
  }
  expect(late.pid).not.toBe(two.pid);
  await settle([one, three, late], [one.id, three.id, late.id]);
  late.client.send("back");
  for (const { client } of [one, three, late]) {
    expect(await client.next()).toBe("back");
    client.socket.close();
  }
});
