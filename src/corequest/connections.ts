import type { Cluster } from "../upstream/cluster.ts";
import type { Member } from "../upstream/member.ts";
import type { Backend, Call } from "./backend.ts";

interface Kept {
  readonly connection: unknown;
  readonly close: () => void | Promise<void>;
}

/** What each backend of this process has connected; one member may be asked by several (HTTP and gRPC). */
const open = new Map<object, Map<Member, Kept>>();

/** The pool of a member, made at its first call. */
export function connectionOf<Kind extends Call, Connection, Data>(
  backend: Backend<Kind, Connection, Data>,
  member: Member,
  cluster: Cluster,
): Connection {
  const kept = open.get(backend)?.get(member) ?? connect(backend, member, cluster);
  return kept.connection as Connection;
}

function connect<Kind extends Call, Connection, Data>(
  backend: Backend<Kind, Connection, Data>,
  member: Member,
  cluster: Cluster,
): Kept {
  const connection = backend.connect(member, cluster);
  const kept: Kept = { connection, close: () => backend.close(connection) };
  const members = open.get(backend) ?? new Map<Member, Kept>();
  members.set(member, kept);
  open.set(backend, members);
  return kept;
}

/** At the end of a worker: closes every pool. Errors of one do not keep the others open. */
export async function closeConnections(): Promise<void> {
  const all = [...open.values()].flatMap((members) => [...members.values()]);
  open.clear();
  await Promise.allSettled(all.map(async ({ close }) => close()));
}
