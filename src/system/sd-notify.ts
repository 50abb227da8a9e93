import { ptr } from "bun:ffi";
import { openLibc } from "./libc.ts";

/** socket(2), send(2): AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, MSG_NOSIGNAL. */
const unix = 1;
const datagram = 2 | 0o2000000;
const noSignal = 0x4000;
/** `sun_path` of unix(7). */
const longestPath = 107;

/** What systemd asked of this process, taken out of its environment so that no child answers for it. sd_notify(3). */
export interface Supervision {
  /** Where to say something: a path, or `@` and an abstract name; `undefined` when nobody listens. */
  readonly socket: string | undefined;
  /** Seconds within which a sign of life is expected; `undefined` without a watchdog. */
  readonly watchdog: number | undefined;
}

export function takeSupervision(environment: Record<string, string | undefined>): Supervision {
  const { NOTIFY_SOCKET: socket, WATCHDOG_USEC: limit, WATCHDOG_PID: pid } = environment;
  for (const name of ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"]) delete environment[name];
  const mine = pid === undefined || Number(pid) === process.pid;
  return {
    socket: socket && /^[/@]./.test(socket) ? socket : undefined,
    watchdog: mine && Number(limit) > 0 ? Number(limit) / 1e6 : undefined,
  };
}

/** Sends `lines` as one datagram; false when nobody took it. Never blocks for long, never throws: nobody may be there. */
export function notify(socket: string, ...lines: readonly string[]): boolean {
  const address = addressOf(socket);
  const libc = openLibc({
    socket: { args: ["int", "int", "int"], returns: "int" },
    sendto: { args: ["int", "ptr", "u64", "int", "ptr", "u32"], returns: "i64" },
    close: { args: ["int"], returns: "int" },
  });
  if (libc === undefined || address === undefined) return false;
  const fd = libc.socket(unix, datagram, 0);
  if (fd < 0) return false;
  const message = Buffer.from(lines.join("\n"));
  const sent = libc.sendto(fd, ptr(message), message.length, noSignal, ptr(address), address.length);
  libc.close(fd);
  return Number(sent) === message.length;
}

/** `struct sockaddr_un`; the length of an abstract name counts, a path ends with a zero. */
function addressOf(socket: string): Buffer | undefined {
  const name = Buffer.from(socket);
  if (name.length > longestPath) return undefined;
  const family = Buffer.alloc(2);
  new Uint16Array(family.buffer, family.byteOffset, 1)[0] = unix;
  if (socket.startsWith("@")) name[0] = 0;
  return Buffer.concat([family, name, Buffer.alloc(socket.startsWith("@") ? 0 : 1)]);
}

/**
 * The clock of `MONOTONIC_USEC=`, which systemd wants with `RELOADING=1`: clock_gettime(2) of CLOCK_MONOTONIC (1), in µs. Bun's
 * own `hrtime` counts from the start of the process.
 */
export function monotonicMicroseconds(): number {
  const libc = openLibc({ clock_gettime: { args: ["int", "ptr"], returns: "int" } });
  const time = new BigInt64Array(2);
  libc?.clock_gettime(1, ptr(time));
  return Number(time[0]! * 1_000_000n + time[1]! / 1000n);
}
