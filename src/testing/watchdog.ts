import type { FileSink } from "bun";

// `read` fails when the pipe ends without a line, which is when this process is gone, however it went.
const SCRIPT = 'read -r line || kill -s KILL -- "-$1"';

/**
 * Kills a process group when this process ends. Measured on Bun 1.4.5: `bun test` fires no `exit` event, and
 * nothing in a process can react to SIGKILL, so a shell in a session of its own (Ctrl-C does not reach it)
 * holds the reading end of a pipe.
 */
export class Watchdog {
  readonly #stdin: FileSink;
  readonly #gone: Promise<number>;

  /** @param group the process group to kill: the pid of its leader. */
  constructor(group: number) {
    const shell = Bun.spawn(["/bin/sh", "-c", SCRIPT, "skitai-test-watchdog", String(group)], {
      stdio: ["pipe", "ignore", "ignore"],
      cwd: "/",
      detached: true,
    });
    this.#stdin = shell.stdin;
    this.#gone = shell.exited;
  }

  /** Lets the group be; resolves when the shell has ended. */
  async disarm(): Promise<void> {
    this.#stdin.write("\n");
    await this.#stdin.end();
    await this.#gone;
  }
}
