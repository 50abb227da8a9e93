import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { SkitaiError } from "../errors.ts";
import { domainOf } from "./address.ts";
import { laneOf, nameOf, newId } from "./entry-name.ts";
import type { Envelope } from "./envelope.ts";
import { headLength, headOf, longestEnvelope } from "./mail-file.ts";
import { makeSpool, spoolError } from "./place.ts";

/** Bytes that are written at once. */
const piece = 64 * 1024;

/**
 * Writes a mail into the queue, whole or not at all: a file in `tmp`, made durable, then renamed. Spec M2.
 * @returns its id, when it is durable
 * @throws SkitaiError MAIL_SPOOL when the spool is full, read-only or missing; what `message` fails with
 */
export async function store(parts: Omit<Envelope, "id" | "created">, message: Readable): Promise<string> {
  const now = Date.now();
  const id = newId(now);
  const envelope: Envelope = { id, created: Math.floor(now / 1000), ...parts };
  let spool: string;
  try {
    spool = makeSpool();
  } catch (error) {
    message.destroy();
    throw error;
  }
  const [draft, queue] = [join(spool, "tmp", id), join(spool, "queue")];
  try {
    await writeFile(draft, envelope, message);
    await atSpool(spool, async () => {
      await rename(draft, join(queue, nameOf({ due: envelope.created, tries: 0, lane: lane(envelope), id })));
      await syncDirectory(queue);
    });
  } catch (error) {
    message.destroy();
    await rm(draft, { force: true }).catch(() => {});
    throw error;
  }
  return id;
}

/** Mails of one lane have one server, so that a slow one holds up no other. */
const lane = ({ server, to }: Envelope): string =>
  server === undefined
    ? laneOf("d", domainOf(to[0]!))
    : laneOf("s", `${server.host}:${server.port}:${server.user ?? ""}`);

async function writeFile(path: string, envelope: Envelope, message: Readable): Promise<void> {
  const line = Buffer.from(`${JSON.stringify(envelope)}\n`);
  if (line.length > longestEnvelope)
    throw new SkitaiError("MAIL_INVALID", { name: "recipients", accepted: "fewer of them" });
  const file = await atSpool(path, () => open(path, "wx", 0o600));
  try {
    const start = headLength + line.length;
    const head = Buffer.concat([Buffer.alloc(headLength, " "), line]);
    await atSpool(path, () => writeAll(file, head, 0));
    const end = await writeMessage(file, path, message, start);
    // The head goes in last: a file without one is not whole.
    await atSpool(path, async () => {
      await writeAll(file, Buffer.from(headOf(line.length, end - start)), 0);
      await file.sync();
    });
  } finally {
    await file.close();
  }
}

/** @returns where it ends */
async function writeMessage(
  file: FileHandle,
  path: string,
  message: Readable,
  start: number,
): Promise<number> {
  let at = start;
  let kept: Buffer[] = [];
  let length = 0;
  const flush = async (): Promise<void> => {
    const bytes = Buffer.concat(kept, length);
    [kept, length] = [[], 0];
    await atSpool(path, () => writeAll(file, bytes, at));
    at += bytes.length;
  };
  for await (const chunk of message as AsyncIterable<Buffer>) {
    kept.push(chunk);
    length += chunk.length;
    if (length >= piece) await flush();
  }
  await flush();
  return at;
}

async function writeAll(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let at = 0; at < bytes.length;)
    at += (await file.write(bytes, at, bytes.length - at, position + at)).bytesWritten;
}

/** A name is durable when its directory is. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

async function atSpool<T>(path: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw spoolError(path, error);
  }
}
