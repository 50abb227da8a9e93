import { join } from "node:path";
import { type Client, type Load, pinned, runClient } from "./load.ts";

/** What the clients say. */
interface Heard {
  readonly messages: number;
  readonly rate: number;
  readonly p99: number;
}

export const socketClient = join(import.meta.dir, "programs", "socket-client.ts");

const sockets = (mode: "echo" | "room"): Client => ({
  programs: [],
  async drive({ port, connections, seconds, cpu, signal }): Promise<Load> {
    const argv = [process.execPath, socketClient, mode, `${port}`, `${connections}`, `${seconds}`];
    const { output, cpuSeconds } = await runClient([...pinned(cpu), ...argv], signal);
    const { messages, rate, p99 } = JSON.parse(output) as Heard;
    return { requests: messages, rate, p99, cpuSeconds, busy: cpuSeconds / seconds };
  },
});

/** Each connection sends a message and waits for its echo. A request is a message. */
export const echo: Client = sockets("echo");

/** All connections are in one room, one says ten messages at a time. A request is a message that reached one of them. */
export const room: Client = sockets("room");
