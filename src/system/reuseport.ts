import { ptr } from "bun:ffi";
import { readdirSync } from "node:fs";
import { openLibc } from "./libc.ts";

// <asm-generic/socket.h>, <linux/tcp.h>
const SOL_SOCKET = 1;
const SO_TYPE = 3;
const SO_ACCEPTCONN = 30;
const SO_ATTACH_REUSEPORT_CBPF = 51;
const SO_DETACH_REUSEPORT_BPF = 68;
const SOCK_DGRAM = 2;
const IPPROTO_TCP = 6;
const TCP_INFO = 11;
/** Of a listening socket's tcp_info: `tcpi_unacked`, the length of its accept queue. */
const acceptQueueAt = 24;

const symbols = {
  getsockopt: { args: ["int", "int", "int", "ptr", "ptr"], returns: "int" },
  setsockopt: { args: ["int", "int", "int", "ptr", "u32"], returns: "int" },
  getsockname: { args: ["int", "ptr", "ptr"], returns: "int" },
} as const;

type Libc = NonNullable<ReturnType<typeof openLibc<typeof symbols>>>;

/** A listening socket of this process that shares its port by SO_REUSEPORT, and so its group's steering. */
export class ReuseportListener {
  readonly #libc: Libc;
  readonly #fd: number;

  private constructor(libc: Libc, fd: number) {
    this.#libc = libc;
    this.#fd = fd;
  }

  /** The one on `port`; `undefined` when there is none, or this system is not Linux. */
  static find(port: number): ReuseportListener | undefined {
    const libc = process.platform === "linux" ? openLibc(symbols) : undefined;
    if (!libc) return undefined;
    const fd = descriptors().find((each) => listens(libc, each) && localPort(libc, each) === port);
    return fd === undefined ? undefined : new ReuseportListener(libc, fd);
  }

  /** Connections that wait to be accepted. */
  get queued(): number {
    const info = new Uint8Array(256);
    const length = new Uint32Array([info.length]);
    if (this.#libc.getsockopt(this.#fd, IPPROTO_TCP, TCP_INFO, ptr(info), ptr(length)) !== 0) return 0;
    return new DataView(info.buffer).getUint32(acceptQueueAt, true);
  }

  /**
   * New connections go to the group's sockets at random, but to none of `closing`. A group numbers its sockets in the
   * order of their listen(); the last one moves into the place of one that leaves.
   * @param size sockets in the group
   * @param closing places to avoid, ascending
   * @returns false when the kernel does not take the program
   */
  steer(size: number, closing: readonly number[]): boolean {
    if (closing.length >= size) return false;
    return attach(this.#libc, this.#fd, steeringProgram(size, closing));
  }

  /** The kernel's hash decides again. */
  release(): boolean {
    const none = new Uint32Array(1);
    return this.#libc.setsockopt(this.#fd, SOL_SOCKET, SO_DETACH_REUSEPORT_BPF, ptr(none), 4) === 0;
  }
}

/**
 * All packets to the UDP port go to the socket of its group that is there longest, for as long as it is there; then to the
 * next one. The group keeps this, whoever joins it later.
 * @returns false when the kernel does not take the program, or this process has no such socket
 */
export function oldestTakesAll(port: number): boolean {
  const libc = process.platform === "linux" ? openLibc(symbols) : undefined;
  if (!libc) return false;
  const fd = descriptors().find((each) => isDatagram(libc, each) && localPort(libc, each) === port);
  return fd !== undefined && attach(libc, fd, assembled([[0x06, 0, 0, 0]])); // ret 0
}

function attach(libc: Libc, fd: number, program: Uint8Array): boolean {
  const fprog = new DataView(new ArrayBuffer(16));
  fprog.setUint16(0, program.length / 8, true);
  fprog.setBigUint64(8, BigInt(ptr(program)), true);
  const value = new Uint8Array(fprog.buffer);
  return libc.setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, ptr(value), value.length) === 0;
}

/** Classic BPF (kernel Documentation/networking/filter.rst): A = random % staying; over each closing place, one up. */
export function steeringProgram(size: number, closing: readonly number[]): Uint8Array {
  const randomAt = 0xfffff000 + 56; // SKF_AD_OFF + SKF_AD_RANDOM
  const code: Instruction[] = [
    [0x20, 0, 0, randomAt], // ld [random]
    [0x94, 0, 0, size - closing.length], // mod
  ];
  for (const place of closing) {
    code.push([0x35, 0, 1, place]); // jge place, next, skip one
    code.push([0x04, 0, 0, 1]); // add 1
  }
  code.push([0x16, 0, 0, 0]); // ret A
  return assembled(code);
}

type Instruction = [op: number, jumpTrue: number, jumpFalse: number, k: number];

function assembled(code: readonly Instruction[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(code.length * 8));
  code.forEach(([op, jumpTrue, jumpFalse, k], n) => {
    view.setUint16(n * 8, op, true);
    view.setUint8(n * 8 + 2, jumpTrue);
    view.setUint8(n * 8 + 3, jumpFalse);
    view.setUint32(n * 8 + 4, k, true);
  });
  return new Uint8Array(view.buffer);
}

const descriptors = (): number[] => {
  try {
    return readdirSync("/proc/self/fd").map(Number);
  } catch {
    return [];
  }
};

const listens = (libc: Libc, fd: number): boolean => option(libc, fd, SO_ACCEPTCONN) === 1;
const isDatagram = (libc: Libc, fd: number): boolean => option(libc, fd, SO_TYPE) === SOCK_DGRAM;

function option(libc: Libc, fd: number, name: number): number | undefined {
  const value = new Uint32Array(1);
  const length = new Uint32Array([4]);
  return libc.getsockopt(fd, SOL_SOCKET, name, ptr(value), ptr(length)) === 0 ? value[0] : undefined;
}

function localPort(libc: Libc, fd: number): number | undefined {
  const address = new Uint8Array(128);
  const length = new Uint32Array([address.length]);
  if (libc.getsockname(fd, ptr(address), ptr(length)) !== 0) return undefined;
  const view = new DataView(address.buffer);
  const family = view.getUint16(0, true);
  // sockaddr_in and sockaddr_in6 have the port at the same place, in network order.
  return family === 2 || family === 10 ? view.getUint16(2) : undefined;
}
