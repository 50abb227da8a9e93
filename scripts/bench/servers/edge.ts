import { join } from "node:path";
import type { Command, Launch, Server } from "../server.ts";
import { edgeSecret } from "../token.ts";
import { nginxWith } from "./nginx.ts";
import { environment } from "./skitai.ts";

const programs = join(import.meta.dir, "..", "programs");

const engine = (edge: string, about: string, workers = 1): Server => ({
  ours: true,
  about: `skitai, ${about}`,
  log: true,
  needs: ["upstream"],
  command: (launch): Command => ({
    argv: [launch.bun, join(programs, "skitai-edge.ts")],
    env: {
      ...environment(launch, workers),
      BENCH_EDGE: edge,
      BENCH_UPSTREAM: launch.services.upstream ?? "",
      BENCH_CACHE: join(launch.directory, "cache"),
      BENCH_SECRET: edgeSecret,
    },
  }),
});

/** A proxy says for whom it asks. */
const proxied = ({ services }: Launch): string => `
  upstream members { server ${services.upstream}; keepalive 128; keepalive_requests 1000000000; }
  proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host;
  proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_set_header X-Forwarded-Proto $scheme;`;

const cached = (launch: Launch): string => `${proxied(launch)}
  proxy_cache_path ${launch.directory}/cache levels=1:2 keys_zone=kept:16m max_size=1g inactive=60m use_temp_path=off;`;

const nginx = (about: string, http: (launch: Launch) => string, here = ""): Server => ({
  ...nginxWith(about, {
    http,
    // Without a buffer for all of 10 MB nginx would write it to a file first.
    here: `location / { proxy_pass http://members; proxy_max_temp_file_size 0; ${here} }`,
  }),
  needs: ["upstream"],
});

const caddyfile = ({ port, logs, services }: Launch): string => `
{
  admin off
  auto_https off
}
http://:${port} {
  log {
    output file ${logs}/access.log {
      roll_disabled
    }
  }
  reverse_proxy ${services.upstream}
}
`;

/** Proxies and caches before the one upstream. */
export const edge = {
  "skitai-proxy": engine("proxy", "a reverse proxy"),
  "skitai-proxy-2": engine("proxy", "a reverse proxy, 2 workers", 2),
  "skitai-cache": engine("cache", "a cache in memory before a reverse proxy"),
  "skitai-cache-disk": engine("cache-disk", "a cache on disk with next to no memory"),
  "skitai-jwt": engine("jwt", "a reverse proxy that wants a token"),
  "nginx-proxy": nginx("proxy_pass with kept connections, full log", proxied),
  "nginx-proxy-cache": nginx("proxy_cache, full log", cached, "proxy_cache kept;"),
  "caddy-proxy": {
    about: "Caddy, reverse_proxy, its own JSON access log (unbuffered)",
    log: true,
    programs: ["caddy"],
    needs: ["upstream"],
    async command(launch): Promise<Command> {
      const file = join(launch.directory, "Caddyfile");
      await Bun.write(file, caddyfile(launch));
      return {
        argv: ["caddy", "run", "--config", file, "--adapter", "caddyfile"],
        env: { XDG_DATA_HOME: launch.directory, XDG_CONFIG_HOME: launch.directory },
      };
    },
  },
  undici: {
    about: "node:http and undici",
    log: false,
    programs: ["node"],
    packages: { undici: "7.16.0" },
    needs: ["upstream"],
    command: (launch): Command => ({
      argv: ["node", join(programs, "undici.cjs")],
      env: {
        BENCH_PORT: `${launch.port}`,
        BENCH_PACKAGES: launch.packages,
        BENCH_UPSTREAM: launch.services.upstream ?? "",
      },
    }),
  },
} satisfies Record<string, Server>;
