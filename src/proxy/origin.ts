import type { AliasTls } from "../config/alias-options.ts";
import { parseDuration } from "../config/units.ts";
import type { Cluster } from "../upstream/cluster.ts";
import type { Target } from "../upstream/health.ts";
import type { Member } from "../upstream/member.ts";
import { Pool, type PoolLimits } from "./http1/pool.ts";

/** A member as a proxy asks it. */
export interface Origin {
  readonly label: string;
  /** For `Host`, when it is not the client's. */
  readonly host: string;
  /** As it may call itself in `Location`. */
  readonly origins: readonly string[];
  readonly pool: Pool;
  readonly tls: Bun.TLSOptions | undefined;
  /** For health checks, and for HTTP/2. */
  readonly check: Target;
  /** For the handshake of a websocket. */
  readonly socketUrl: (path: string) => string;
}

/** @param keepAlive seconds an idle connection is kept */
export function originOf(
  { declaration, label }: Member,
  { type, options }: Cluster,
  keepAlive?: number,
): Origin {
  const { host, port } = declaration;
  const secure = options.ssl === undefined ? type === "https" || type === "wss" : options.ssl !== false;
  const usual = port === (secure ? 443 : 80);
  const bare = host.includes(":") ? `[${host}]` : host;
  const named = port === 0 ? "localhost" : usual ? bare : `${bare}:${port}`;
  const tls = secure ? tlsOf(typeof options.ssl === "object" ? options.ssl : {}, host) : undefined;
  const unix = port === 0 ? host : undefined;
  const connect = parseDuration(options.connectTimeout);
  const timeout = connect === undefined ? {} : { connectTimeout: connect * 1000 };
  return {
    label,
    host: named,
    origins: [`http://${named}`, `https://${named}`],
    pool: new Pool({ hostname: host, port, unix, tls, ...timeout }, limitsOf(options, keepAlive)),
    tls,
    check: {
      url: `${secure ? "https" : "http"}://${named}`,
      init: { ...(unix === undefined ? {} : { unix }), ...(tls === undefined ? {} : { tls: tls as never }) },
    },
    socketUrl: (path) =>
      port === 0 ? `ws+unix://${host}:${path}` : `${secure ? "wss" : "ws"}://${named}${path}`,
  };
}

const limitsOf = ({ connections, queue }: Cluster["options"], idle: number | undefined): PoolLimits => ({
  ...(connections === undefined ? {} : { connections }),
  ...(queue === undefined ? {} : { queue }),
  ...(idle === undefined ? {} : { idle }),
});

function tlsOf(
  { serverName = "", rejectUnauthorized = true, ...files }: AliasTls,
  host: string,
): Bun.TLSOptions {
  const name = serverName || host;
  return { ...files, rejectUnauthorized, serverName: name } as Bun.TLSOptions;
}
