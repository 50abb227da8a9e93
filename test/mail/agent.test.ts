import { expect, test } from "bun:test";
import { createServer, type Socket } from "node:net";
import { Email } from "../../src/mail/email.ts";
import { retryMails } from "../../src/mail/queue.ts";
import { everyone } from "../../src/mail/smtp-failure.ts";
import { Mailbox, queue, reply, TestAgent, TestSpool, until } from "./support.ts";

const mail = (subject = "hello", to: string | string[] = "bob@example.com"): Email =>
  new Email(subject, "ann@example.com", to).addContent("text");

test("[M2] a mail is noticed at once, and delivered over the server that it names", async () => {
  using _spool = new TestSpool();
  await using box = await Mailbox.open();
  await using agent = new TestAgent({ verbose: "true" });
  const id = await mail().setSmtp(box.address).send();
  await until(() => agent.agent.counters.delivered === 1, 4);
  expect(box.mails[0]).toMatchObject({ from: "ann@example.com", to: ["bob@example.com"] });
  expect(queue()).toEqual([]);
  expect(agent.log).toEqual([`${id} delivered to bob@example.com`]);
});

test("[M5] one connection is used for all mails of a server, and the servers have theirs at the same time", async () => {
  using _spool = new TestSpool();
  let together = 0;
  let most = 0;
  const slow = {
    onData: (_stream: unknown, _session: unknown, done: () => void) => {
      together += 1;
      most = Math.max(most, together);
      // Each waits for the other server: alone it would be a second.
      void until(() => most === 2, 1)
        .catch(() => {})
        .then(() => {
          together -= 1;
          done();
        });
    },
  };
  await using one = await Mailbox.open(slow);
  await using other = await Mailbox.open(slow);
  for (let index = 0; index < 10; index += 1)
    await mail(`m${index}`)
      .setSmtp((index % 2 === 0 ? one : other).address)
      .send();
  await using agent = new TestAgent();
  await until(() => agent.agent.counters.delivered === 10);
  expect([one.connections, other.connections, most]).toEqual([1, 1, 2]);
});

test("[M5] server-connections at a time to one server, when it may be more than one", async () => {
  using _spool = new TestSpool();
  let active = 0;
  let most = 0;
  await using box = await Mailbox.open({
    onData: (_stream, _session, done) => {
      most = Math.max(most, (active += 1));
      void until(() => most === 3, 1)
        .catch(() => {})
        .then(() => {
          active -= 1;
          done();
        });
    },
  });
  for (let index = 0; index < 12; index += 1) await mail(`m${index}`).setSmtp(box.address).send();
  await using agent = new TestAgent({ "server-connections": "3" });
  await until(() => agent.agent.counters.delivered === 12);
  expect([most, box.connections]).toEqual([3, 3]);
});

test("[M4] 4xx is tried again until it is taken, over the same connection", async () => {
  using _spool = new TestSpool();
  let asked = 0;
  await using box = await Mailbox.open({
    onRcptTo: (_address, _session, done) =>
      done(++asked < 3 ? reply(451, "greylisted, come again") : undefined),
  });
  const id = await mail().setSmtp(box.address).send();
  await using agent = new TestAgent({ "retry-after": "1s" });
  await until(() => queue()[0]?.tries === 1);
  expect(queue()[0]).toMatchObject({
    id,
    state: "queued",
    words: { "bob@example.com": "451 greylisted, come again" },
  });
  await until(() => agent.agent.counters.delivered === 1);
  expect([asked, box.mails.length, box.connections]).toEqual([3, 1, 1]);
  expect(agent.log[0]).toBe(`${id} deferred 1 s, try 1: bob@example.com: 451 greylisted, come again`);
});

test("[M4] 5xx is undelivered at once, with the server's words; retry asks again", async () => {
  using _spool = new TestSpool();
  let known = false;
  await using box = await Mailbox.open({
    onRcptTo: (_address, _session, done) => done(known ? undefined : reply(550, "no such user")),
  });
  const id = await mail().setSmtp(box.address).send();
  await using agent = new TestAgent();
  await until(() => queue()[0]?.state === "undelivered");
  expect(queue()).toMatchObject([
    { id, to: ["bob@example.com"], words: { "bob@example.com": "550 no such user" } },
  ]);
  known = true;
  expect(retryMails(id)).toBe(1);
  await until(() => box.mails.length === 1);
  await until(() => queue().length === 0);
  expect(agent.agent.counters).toMatchObject({ delivered: 1, undelivered: 1 });
});

test("[M4] the message refused for good, refused for now, or too large for the server", async () => {
  using _spool = new TestSpool();
  const words: Record<string, Error> = { spam: reply(554, "spam"), busy: reply(452, "disk full") };
  await using box = await Mailbox.open({
    size: 20_000,
    onData: (_stream, _session, done) => done(words[box.subjects().at(-1)!]),
  });
  await using agent = new TestAgent({ "max-retry": "0" });
  for (const subject of ["busy", "spam"]) {
    await mail(subject).setSmtp(box.address).send();
    await until(() => agent.agent.counters.undelivered === box.mails.length && box.mails.length > 0);
  }
  await mail("big").addContent("x".repeat(30_000)).setSmtp(box.address).send();
  await until(() => agent.agent.counters.undelivered === 3);
  const said = queue()
    .flatMap((each) => Object.values(each.words))
    .sort();
  expect(said).toEqual(["452 disk full", "554 spam", "Message size larger than allowed 20000"]);
});

test("[M4] each recipient has an end of its own: taken once, refused for good, asked again", async () => {
  using _spool = new TestSpool();
  const asked: string[] = [];
  await using box = await Mailbox.open({
    onRcptTo: ({ address }, _session, done) => {
      asked.push(address);
      if (address.startsWith("gone")) return done(reply(550, "gone"));
      done(
        address.startsWith("busy") && asked.filter((each) => each === address).length < 2
          ? reply(450, "busy")
          : undefined,
      );
    },
  });
  await mail("to three", ["good@example.com", "gone@example.com", "busy@example.com"])
    .setSmtp(box.address)
    .send();
  await using _agent = new TestAgent({ "retry-after": "1s" });
  await until(() => queue()[0]?.state === "undelivered");
  expect(box.mails.map(({ to }) => to)).toEqual([["good@example.com"], ["busy@example.com"]]);
  expect(asked).toEqual(["good@example.com", "gone@example.com", "busy@example.com", "busy@example.com"]);
  expect(queue()[0]).toMatchObject({ to: ["gone@example.com"], words: { "gone@example.com": "550 gone" } });
});

test("[M4] no server there, and one that ends the connection: tried again, given up after max-retry", async () => {
  using _spool = new TestSpool();
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => {});
    socket.end("421 too busy\r\n");
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as { port: number };
  try {
    await mail("busy").setSmtp(`127.0.0.1:${port}`).send();
    await mail("nobody").setSmtp("127.0.0.1:1").send();
    await using agent = new TestAgent({ "max-retry": "1", "retry-after": "1s" });
    await until(() => agent.agent.counters.undelivered === 2);
    const said = queue()
      .flatMap((each) => Object.values(each.words))
      .sort();
    expect(said).toEqual([
      expect.stringContaining("127.0.0.1:1: "),
      expect.stringContaining(`127.0.0.1:${port}: 421 too busy`),
    ]);
    expect(sockets.length).toBeLessThanOrEqual(2);
    // A server that is down is left alone for a moment: one connection for all that is due then.
    await using hasty = new TestAgent({ "max-retry": "0" });
    await agent[Symbol.asyncDispose]();
    retryMails(undefined);
    await until(() => hasty.agent.counters.undelivered === 2);
    for (let index = 0; index < 5; index += 1) await mail("busy").setSmtp(`127.0.0.1:${port}`).send();
    await until(() => hasty.agent.counters.undelivered === 7);
    expect(sockets.length).toBeLessThan(6);
  } finally {
    server.close();
  }
});

/** Takes everything; what it does when a message is whole is the caller's. */
async function plainServer(whole: (socket: Socket, count: number) => void) {
  let count = 0;
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.setEncoding("latin1").write("220 plain\r\n");
    let text = "";
    let inside = false;
    socket.on("data", (chunk: string) => {
      text += chunk;
      for (let end = text.indexOf("\r\n"); end >= 0; end = text.indexOf("\r\n")) {
        const line = text.slice(0, end);
        text = text.slice(end + 2);
        if (!inside) {
          inside = line === "DATA";
          socket.write(inside ? "354 go on\r\n" : "250 ok\r\n");
        } else if (line === ".") {
          inside = false;
          whole(socket, (count += 1));
        }
      }
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as { port: number };
  return { address: `127.0.0.1:${port}`, count: () => count, [Symbol.dispose]: () => void server.close() };
}

test("[M4] dropped behind DATA, before the answer: nobody knows, so it is sent again", async () => {
  using _spool = new TestSpool();
  using server = await plainServer((socket, count) =>
    count === 1 ? socket.destroy() : socket.write("250 ok\r\n"),
  );
  await mail().setSmtp(server.address).send();
  await using agent = new TestAgent({ "retry-after": "1s" });
  await until(() => agent.agent.counters.delivered === 1);
  expect([server.count(), agent.agent.counters.deferred]).toEqual([2, 1]);
});

test("[M4] a server that says nothing more is left after its timeout", async () => {
  using _spool = new TestSpool();
  using server = await plainServer(() => {});
  await mail().setSmtp({ server: server.address, timeout: "1s" }).send();
  await using agent = new TestAgent({ "max-retry": "0" });
  await until(() => agent.agent.counters.undelivered === 1);
  expect(Object.values(queue()[0]!.words)).toEqual(["Timeout"]);
});

test("[M5] a kept connection that the server ends at the next mail is no failure of that mail", async () => {
  using _spool = new TestSpool();
  using server = await plainServer((socket, count) => {
    socket.write("250 ok\r\n");
    if (count === 1) socket.removeAllListeners("data").once("data", () => socket.destroy());
  });
  await using agent = new TestAgent();
  await mail("one").setSmtp(server.address).send();
  await until(() => agent.agent.counters.delivered === 1);
  await mail("two").setSmtp(server.address).send();
  await until(() => agent.agent.counters.delivered === 2);
  expect([server.count(), agent.agent.counters.deferred]).toEqual([2, 0]);
});

test("[M5] without a server: the hosts of each domain, the next one when the first is down", async () => {
  using _spool = new TestSpool();
  await using box = await Mailbox.open();
  const asked: string[] = [];
  const exchangers = (domain: string) => {
    asked.push(domain);
    if (domain === "none.example") return (to: readonly string[]) => everyone(to, "failed", "takes no mail");
    return domain === "two.example" ? ["127.0.0.9", "127.0.0.1"] : ["127.0.0.1"];
  };
  await mail("many", ["a@one.example", "b@two.example", "c@one.example", "d@none.example"]).send();
  await using _agent = new TestAgent({}, exchangers, box.port);
  await until(() => queue()[0]?.state === "undelivered");
  expect(box.mails.map(({ to }) => to)).toEqual([["a@one.example", "c@one.example"], ["b@two.example"]]);
  expect(asked).toEqual(["one.example", "two.example", "none.example"]);
  expect(queue()[0]!.words).toEqual({ "d@none.example": "takes no mail" });
});

test("[M3] the agent's own server is for mails that name none", async () => {
  using _spool = new TestSpool();
  await using own = await Mailbox.open();
  await using named = await Mailbox.open();
  await using agent = new TestAgent({ "smtp-server": own.address });
  await mail("relayed").send();
  await mail("named").setSmtp(named.address).send();
  await until(() => agent.agent.counters.delivered === 2);
  expect([own.subjects(), named.subjects()]).toEqual([["relayed"], ["named"]]);
});

test("[M4] two agents on one spool send each mail once", async () => {
  using _spool = new TestSpool();
  await using box = await Mailbox.open();
  for (let index = 0; index < 200; index += 1) await mail(`m${index}`).setSmtp(box.address).send();
  await using one = new TestAgent();
  await using other = new TestAgent();
  await until(() => one.agent.counters.delivered + other.agent.counters.delivered === 200);
  expect(new Set(box.subjects()).size).toBe(200);
  expect(box.mails).toHaveLength(200);
});
