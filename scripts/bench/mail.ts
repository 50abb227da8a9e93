/**
 * The mail agent in numbers: `bun scripts/bench/mail.ts [mails] [queued]`. How many mails of 4 KB a second an agent brings to a
 * server on this machine over one connection, and its memory with a long queue.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Email } from "../../src/mail/email.ts";
import { entryOf, nameOf, newId } from "../../src/mail/entry-name.ts";
import { startAgent, stopAgent } from "../../src/process/smtpda-start.ts";

const [mails = 5000, queued = 100_000] = process.argv.slice(2).map(Number);
const spool = mkdtempSync(join(tmpdir(), "skitai-bench-mail-"));
process.env["SKITAI_SPOOL"] = spool;

/** Takes everything, as fast as it can. */
let taken = 0;
const server = createServer((socket) => {
  socket.on("error", () => {});
  socket.setEncoding("latin1").write("220 bench\r\n");
  let text = "";
  let inside = false;
  socket.on("data", (chunk: string) => {
    text += chunk;
    for (;;) {
      const mark = inside ? "\r\n.\r\n" : "\r\n";
      const end = text.indexOf(mark);
      if (end < 0) return;
      const line = text.slice(0, end);
      text = text.slice(end + mark.length);
      if (inside) {
        taken += 1;
        inside = false;
        socket.write("250 ok\r\n");
      } else if (line === "DATA") {
        inside = true;
        socket.write("354 go on\r\n");
      } else socket.write(line.startsWith("EHLO") ? "250-bench\r\n250 PIPELINING\r\n" : "250 ok\r\n");
    }
  });
});
await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
const address = `127.0.0.1:${(server.address() as { port: number }).port}`;

const mail = (): Email =>
  new Email("bench", "ann@example.com", "bob@example.com")
    .setSmtp(address)
    .addContent(`${"x".repeat(70)}\n`.repeat(56));
const memory = (pid: number, what = "VmRSS"): number =>
  Number(new RegExp(`${what}:\\s+(\\d+)`).exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024;

try {
  const began = performance.now();
  const few = Math.min(mails, 500);
  for (let index = 0; index < few; index += 1) await mail().send();
  console.log(
    `send(): ${Math.round(few / ((performance.now() - began) / 1000))} a second, one after the other`,
  );
  const queue = join(spool, "queue");
  const model = readdirSync(queue)[0]!;
  const entry = entryOf(model)!;
  const bytes = readFileSync(join(queue, model));
  const copy = (due: number): void =>
    writeFileSync(join(queue, nameOf({ ...entry, due, id: newId(Date.now()) })), bytes, { mode: 0o600 });
  for (let index = few; index < mails; index += 1) copy(entry.due);
  const start = performance.now();
  let { pid } = await startAgent({});
  const idle = memory(pid);
  while (taken < mails) await Bun.sleep(5);
  const seconds = (performance.now() - start) / 1000;
  console.log(
    `delivered ${mails} of ${bytes.length} bytes: ${Math.round(mails / seconds)} a second; ${idle.toFixed(0)} → ${memory(pid).toFixed(0)} MB, at most ${memory(pid, "VmHWM").toFixed(0)}`,
  );
  await stopAgent();
  const far = Math.floor(Date.now() / 1000) + 86_400;
  for (let index = 0; index < queued; index += 1) copy(index % 2 === 0 ? far : entry.due);
  taken = 0;
  ({ pid } = await startAgent({}));
  const first = memory(pid);
  const again = performance.now();
  while (taken < queued / 2 && performance.now() - again < 60_000) await Bun.sleep(5);
  const rate = Math.round(taken / ((performance.now() - again) / 1000));
  console.log(
    `${queued} queued, half of them due: ${rate} a second, ${first.toFixed(0)} → ${memory(pid).toFixed(0)} MB, at most ${memory(pid, "VmHWM").toFixed(0)}`,
  );
} finally {
  await stopAgent();
  rmSync(spool, { recursive: true });
  server.close();
}
