import type { Cluster, Redis } from "ioredis";

/**
 * Connects a client that is not ready, unless that is under way. Told by events: `connect()` of a cluster never settles when
 * the cluster is found but not well.
 * @throws why it failed
 */
export async function whenReady(client: Redis | Cluster): Promise<void> {
  // Its socket has ended, and ioredis does not know yet.
  if (client.status === "ready") await new Promise((resolve) => client.once("close", resolve));
  // Events come a tick after the status: those of an attempt before this are over then.
  await new Promise((resolve) => process.nextTick(resolve));
  let why: Error | undefined;
  const listener = (error: Error): void => void (why ??= error);
  client.on("error", listener);
  try {
    await Promise.race([ended(client), connecting(client)]);
  } catch (error) {
    throw why ?? error;
  } finally {
    client.off("error", listener);
  }
}

const connecting = (client: Redis | Cluster): Promise<void> =>
  client.status === "connecting" || client.status === "connect" ? new Promise(() => {}) : client.connect();

function ended(client: Redis | Cluster): Promise<void> {
  return new Promise((resolve, reject) => {
    const settled = (end: () => void) => (): void => {
      client.off("ready", ready);
      client.off("close", closed);
      client.off("end", closed);
      end();
    };
    const ready = settled(resolve);
    const closed = settled(() => reject(new Error("Connection is closed.")));
    client.once("ready", ready);
    client.once("close", closed);
    client.once("end", closed);
  });
}
