import { join } from "node:path";
import type { Command, Launch, Server } from "../server.ts";

/**
 * The engine's request line in nginx's variables: date and time, ip, host, method, uri, version, request bytes, status,
 * response bytes, global and local transaction id, user, token, referer, user agent, forwarded for, worker, connections,
 * two durations. Where nginx offers a choice it is the cheap one: $time_local is made once a second.
 * @param id the global transaction id
 */
const logFormat = (id: string): string =>
  "$time_local $remote_addr $host $request_method $request_uri $server_protocol $content_length $status " +
  `$body_bytes_sent ${id} $connection_requests "$remote_user" ` +
  '$http_authorization "$http_referer" "$http_user_agent" $http_x_forwarded_for $pid $connections_active ' +
  "$request_time $request_time";

/** Unique like ours, and as cheap: a prefix and a counter. */
const countedId = "$pid-$connection-$connection_requests";
/** What nginx users write: 16 bytes of OpenSSL's random numbers for each request. */
const randomId = "$request_id";

// Only root may name another user, and root's workers could not read the temporary directories as nobody.
const user = process.getuid?.() === 0 ? "user root;" : "";

const temporaryPaths = (directory: string): string =>
  ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((kind) => `${kind}_temp_path ${directory}/${kind};`)
    .join(" ");

/** keepalive_requests: the default of 1000 would close connections under load. tcp_nopush stays off: 40 ms stalls. */
const configuration = (launch: Launch, id: string, extra: string, listen: string, here: string): string => `
daemon off; ${user} worker_processes 1; pid ${launch.directory}/nginx.pid; error_log stderr;
events { worker_connections 1024; }
http {
  ${temporaryPaths(launch.directory)}
  types { text/css css; text/javascript js; application/octet-stream bin; }
  default_type text/plain;
  sendfile on; tcp_nopush off; keepalive_timeout 65; keepalive_requests 1000000000;
  log_format full '${logFormat(id)}';
  access_log ${launch.logs}/access.log full buffer=64k flush=100ms;
  ${extra}
  server {
    listen 127.0.0.1:${launch.port}${listen};
    root ${launch.site};
    ${here}
  }
}
`;

interface More {
  /** The global transaction id. */
  readonly id?: string;
  /** Of the `http` block. */
  readonly http?: string | ((launch: Launch) => string);
  /** After the port. */
  readonly listen?: string;
  /** Of the `server` block. */
  readonly here?: string;
}

const hello = 'location = / { return 200 "Hello World"; }';

export const nginxWith = (
  about: string,
  { id = countedId, http = "", listen = "", here = hello }: More = {},
): Server => ({
  about: `nginx, ${about}`,
  log: true,
  programs: ["nginx"],
  async command(launch): Promise<Command> {
    const file = join(launch.directory, "nginx.conf");
    const more = typeof http === "string" ? http : http(launch);
    await Bun.write(file, configuration(launch, id, more, listen, here));
    return { argv: ["nginx", "-e", "stderr", "-p", launch.directory, "-c", file] };
  },
});

/** No session is taken up again: every handshake is a full one, as those of the clients that we count. */
const tls = ({ certificate: { cert, key } }: Launch): string =>
  `ssl_certificate ${cert}; ssl_certificate_key ${key}; ssl_protocols TLSv1.2 TLSv1.3;`;

export const nginx = {
  nginx: nginxWith("sendfile, buffered log of the same fields"),
  "nginx-request-id": nginxWith("the same with $request_id as transaction id", { id: randomId }),
  "nginx-tls": nginxWith("TLS and HTTP/2", { http: tls, listen: " ssl http2" }),
  "nginx-file-cache": nginxWith("the same and open_file_cache", {
    http: "open_file_cache max=1000 inactive=60s; open_file_cache_valid 1s;",
  }),
} satisfies Record<string, Server>;
