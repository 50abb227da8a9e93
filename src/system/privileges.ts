import { ptr } from "bun:ffi";
import { openLibc } from "./libc.ts";
import type { Account } from "./user.ts";

/** prctl(2). */
const setKeepCapabilities = 8;
const setNoNewPrivileges = 38;
/** capabilities(7): CAP_NET_BIND_SERVICE. */
const bindService = 1 << 10;
/** capset(2): _LINUX_CAPABILITY_VERSION_3, which has two words of each set. */
const version = 0x20080522;

const open = () =>
  openLibc({
    prctl: { args: ["int", "u64", "u64", "u64", "u64"], returns: "int" },
    capset: { args: ["ptr", "ptr"], returns: "int" },
  });

/**
 * Becomes `account` for good: user, group and supplementary groups, in all threads; programs that it starts gain nothing by
 * set-user-ID (PR_SET_NO_NEW_PRIVS). The one thing this thread may still do is listen on a port below 1024, until the
 * function that is returned takes that away too. So app code can be loaded between both, and sockets belong to the account:
 * only sockets of one user can share a port (`SO_REUSEPORT`). What is executed inherits no capability.
 * @throws the system's error when this process may not
 */
export function becomeUser(account: Account): () => void {
  const { setgid, setuid } = process;
  if (!setgid || !setuid) throw new Error("this system has no users");
  const libc = open();
  libc?.prctl(setKeepCapabilities, 1n, 0n, 0n, 0n);
  takeGroups(account);
  setgid(account.gid);
  setuid(account.uid);
  const hold = (capabilities: number): number =>
    libc?.capset(
      ptr(new Uint32Array([version, 0])),
      ptr(new Uint32Array([capabilities, capabilities, 0, 0, 0, 0])),
    ) ?? 0;
  // Where it never was, as in most containers, only listening there fails, and says so itself.
  hold(bindService);
  libc?.prctl(setNoNewPrivileges, 1n, 0n, 0n, 0n);
  return () => {
    if (hold(0) !== 0) throw new Error("capabilities could not be dropped");
  };
}

function takeGroups({ name, gid }: Account): void {
  const { initgroups } = process as typeof process & {
    initgroups?: (user: string, group: number) => void;
  };
  if (initgroups && !/^\d+$/.test(name)) initgroups(name, gid);
  else process.setgroups?.([gid]);
}

/**
 * Does `act` with the rights of `account` and comes back to those of root. What root writes where another user may, that user
 * could have turned into a link to something else.
 */
export function actAs<T>(account: Account, act: () => T): T {
  process.setegid?.(account.gid);
  process.seteuid?.(account.uid);
  try {
    return act();
  } finally {
    process.seteuid?.(0);
    process.setegid?.(0);
  }
}
