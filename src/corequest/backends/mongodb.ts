import type { MongoClient, MongoClientOptions } from "mongodb";
import type { AliasOptions, AliasTls } from "../../config/alias-options.ts";
import type { MemberDeclaration } from "../../config/members.ts";
import { parseDuration } from "../../config/units.ts";
import type { Cluster } from "../../upstream/cluster.ts";
import type { Member } from "../../upstream/member.ts";
import type { Backend } from "../backend.ts";
import { defaultTimeout } from "../control.ts";
import type { MongoCall } from "../mongo-call.ts";
import { Result } from "../result.ts";
import { mongoFailure } from "./mongodb-error.ts";

/** Longest wait for a server that can be asked, ms: one that is down is tried again until then. */
const selection = 1000;
/** Connections of each worker to each member, when the alias does not say. */
const connections = 10;

/** The pool of one member, made at its first call: the driver takes 150 ms to load. */
export class MongoLink {
  readonly #member: Member;
  readonly #cluster: Cluster;
  #client: Promise<MongoClient> | undefined;
  /** Of the member; what stands behind a `/` is a collection. */
  readonly database: string | undefined;

  constructor(member: Member, cluster: Cluster) {
    this.#member = member;
    this.#cluster = cluster;
    this.database = databaseOf(member.declaration).database;
  }

  client(): Promise<MongoClient> {
    return (this.#client ??= this.#load());
  }

  async close(): Promise<void> {
    await (await this.#client)?.close(true);
  }

  async #load(): Promise<MongoClient> {
    const { MongoClient } = await import("mongodb");
    const { host, port } = this.#member.declaration;
    const place =
      port === 0 ? encodeURIComponent(host) : host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
    return new MongoClient(
      `mongodb://${place}/`,
      clientOptions(this.#member.declaration, this.#cluster.options),
    );
  }
}

/** `host:27017/database/collection` */
export function databaseOf({ database: path = "" }: MemberDeclaration): {
  database: string | undefined;
  collection: string | undefined;
} {
  const [database, collection] = path.split("/", 2);
  return { database: database || undefined, collection: collection || undefined };
}

function clientOptions(
  { user, password }: MemberDeclaration,
  { ssl, pool, timeout, driver }: Readonly<AliasOptions>,
): MongoClientOptions {
  const ms = (parseDuration(timeout) ?? defaultTimeout) * 1000;
  return {
    appName: "skitai",
    maxPoolSize: pool ?? connections,
    serverSelectionTimeoutMS: Math.min(ms, selection),
    connectTimeoutMS: Math.min(ms, 5000),
    waitQueueTimeoutMS: ms,
    ...(user ? { auth: { username: user, password: password ?? "" } } : {}),
    ...(ssl ? { tls: true, ...tlsOf(ssl) } : {}),
    ...driver,
  };
}

function tlsOf(ssl: true | AliasTls): MongoClientOptions {
  if (ssl === true) return {};
  const { ca, serverName, ...rest } = ssl;
  return {
    ...rest,
    ...(ca === undefined ? {} : { ca: typeof ca === "string" ? ca : [...ca] }),
    ...(serverName === undefined ? {} : { servername: serverName }),
  };
}

/** By the official driver. Spec D6. */
export const mongodb: Backend<MongoCall, MongoLink> = {
  connect: (member, cluster) => new MongoLink(member, cluster),

  async start(call, link, control) {
    const client = await link.client();
    return new Result(await call.run(client.db(link.database), control));
  },

  failure: mongoFailure,

  close: (link) => link.close(),
};
