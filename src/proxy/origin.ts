import type { AliasTls } from "../config/alias-options.ts";
import type { Cluster } from "../upstream/cluster.ts";
import type { Member } from "../upstream/member.ts";
import { Pool } from "./http1/pool.ts";

/** A member as a proxy asks it. */
export interface Origin {
  readonly label: string;
  /** For `Host`. */
  readonly host: string;
  /** As it may call itself in `Location`. */
  readonly origins: readonly string[];
  readonly pool: Pool;
  readonly tls: Bun.TLSOptions | undefined;
  /** For the handshake of a websocket. */
  readonly socketUrl: (path: string) => string;
}

export function originOf({ declaration, label }: Member, { type, options }: Cluster): Origin {
  const { host, port } = declaration;
  const secure = options.ssl === undefined ? type === "https" || type === "wss" : options.ssl !== false;
  const usual = port === (secure ? 443 : 80);
  const bare = host.includes(":") ? `[${host}]` : host;
  const named = port === 0 ? "localhost" : usual ? bare : `${bare}:${port}`;
  const tls = secure ? tlsOf(typeof options.ssl === "object" ? options.ssl : {}, host) : undefined;
  return {
    label,
    host: named,
    origins: [`http://${named}`, `https://${named}`],
    pool: new Pool(
      {
        hostname: host,
        port,
        unix: port === 0 ? host : undefined,
        tls,
      },
      {},
    ),
    tls,
    socketUrl: (path) =>
      port === 0 ? `ws+unix://${host}:${path}` : `${secure ? "wss" : "ws"}://${named}${path}`,
  };
}

function tlsOf(
  { serverName = "", rejectUnauthorized = true, ...files }: AliasTls,
  host: string,
): Bun.TLSOptions {
  const name = serverName || host;
  return { ...files, rejectUnauthorized, serverName: name } as Bun.TLSOptions;
}
