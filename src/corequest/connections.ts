import type { Cluster } from "../upstream/cluster.ts";
import type { Member } from "../upstream/member.ts";
import type { Backend, Call } from "./backend.ts";

/** What each backend of this process has connected; one member may be asked by several (HTTP and gRPC). Members of a URL go. */
const connections = new Map<object, WeakMap<Member, unknown>>();
const closers = new Set<() => void | Promise<void>>();

/** The pool of a member, made at its first call. */
export function connectionOf<Kind extends Call, Connection, Data>(
  backend: Backend<Kind, Connection, Data>,
  member: Member,
  cluster: Cluster,
): Connection {
  const known = connections.get(backend)?.get(member) as Connection | undefined;
  return known ?? connect(backend, member, cluster);
}

function connect<Kind extends Call, Connection, Data>(
  backend: Backend<Kind, Connection, Data>,
  member: Member,
  cluster: Cluster,
): Connection {
  const connection = backend.connect(member, cluster);
  const members = connections.get(backend) ?? new WeakMap<Member, unknown>();
  members.set(member, connection);
  connections.set(backend, members);
  if (backend.close !== undefined) closers.add(() => backend.close!(connection));
  return connection;
}

/** For what is open by itself, in no pool. @returns what forgets it */
export function closeAtEnd(close: () => void): () => void {
  closers.add(close);
  return () => closers.delete(close);
}

/** At the end of a worker: closes every pool. Errors of one do not keep the others open. */
export async function closeConnections(): Promise<void> {
  const all = [...closers];
  closers.clear();
  connections.clear();
  await Promise.allSettled(all.map(async (close) => close()));
}
