import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** False where nobody may make network namespaces: `test.skipIf(!networksPossible)("… (needs root and ip)")`. */
export const networksPossible = process.getuid?.() === 0 && probe();

function ip(...args: string[]): void {
  const { exitCode, stderr } = Bun.spawnSync(["ip", ...args]);
  if (exitCode !== 0) throw new Error(`ip ${args.join(" ")}: ${stderr}`);
}

function probe(): boolean {
  if (Bun.which("ip") === null) return false;
  const name = `skt-probe-${process.pid}`;
  try {
    ip("netns", "add", name);
    ip("netns", "del", name);
    return true;
  } catch {
    return false;
  }
}

/** A network namespace with one cable to this one: a machine of its own, whose cable can be pulled. */
export class Network implements Disposable {
  static readonly #all = new Set<Network>();
  /** Of the end that is here. */
  readonly outside: string;
  /** Of the end that is in the namespace. */
  readonly inside: string;
  readonly #name: string;
  readonly #cable: string;
  readonly #directory = mkdtempSync(join(tmpdir(), "skitai-network-"));

  /** @param number from 0 to 9; each has addresses of its own */
  constructor(number: number) {
    // 198.18.0.0/15 is for tests (RFC 2544); a part of it by pid, so that two runs do not meet.
    const base = `198.18.${process.pid % 256}`;
    this.outside = `${base}.${number * 4 + 1}`;
    this.inside = `${base}.${number * 4 + 2}`;
    this.#name = `skt${process.pid}-${number}`;
    this.#cable = `skt${process.pid}${"abcdefghij"[number]}`;
    Network.#all.add(this);
    try {
      ip("netns", "add", this.#name);
      ip("link", "add", this.#cable, "type", "veth", "peer", "name", "eth0", "netns", this.#name);
      ip("addr", "add", `${this.outside}/30`, "dev", this.#cable);
      ip("-n", this.#name, "addr", "add", `${this.inside}/30`, "dev", "eth0");
      ip("-n", this.#name, "link", "set", "lo", "up");
      ip("-n", this.#name, "link", "set", "eth0", "up");
      this.plug();
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  plug(): void {
    ip("link", "set", this.#cable, "up");
  }

  /** What is on its way is lost, and nobody is told. */
  unplug(): void {
    ip("link", "set", this.#cable, "down");
  }

  /** An executable file that runs a script of Bun's in the namespace. */
  program(script: string): string {
    const file = join(this.#directory, "run");
    const line = `exec ip netns exec ${this.#name} '${process.execPath}' '${script}' "$@"`;
    writeFileSync(file, `#!/bin/sh\n${line}\n`, { mode: 0o755 });
    return file;
  }

  /** For `afterAll`: those that a test which ran out of time has left. */
  static removeAll(): void {
    for (const network of Network.#all) network[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    if (!Network.#all.delete(this)) return;
    rmSync(this.#directory, { recursive: true, force: true });
    // The cable goes with it.
    Bun.spawnSync(["ip", "netns", "del", this.#name], { stderr: "ignore" });
    Bun.spawnSync(["ip", "link", "del", this.#cable], { stderr: "ignore" });
  }
}
