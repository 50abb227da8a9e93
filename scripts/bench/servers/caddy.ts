import { join } from "node:path";
import type { Command, Launch, Server } from "../server.ts";

const configuration = (launch: Launch): string => `
{
  admin off
  auto_https off
}
http://:${launch.port} {
  root * ${launch.site}
  log {
    output file ${launch.logs}/access.log {
      roll_disabled
    }
  }
  respond / "Hello World"
  file_server
}
`;

export const caddy = {
  caddy: {
    about: "Caddy, its own JSON access log (unbuffered)",
    log: true,
    programs: ["caddy"],
    async command(launch): Promise<Command> {
      const file = join(launch.directory, "Caddyfile");
      await Bun.write(file, configuration(launch));
      return {
        argv: ["caddy", "run", "--config", file, "--adapter", "caddyfile"],
        env: { XDG_DATA_HOME: launch.directory, XDG_CONFIG_HOME: launch.directory },
      };
    },
  },
} satisfies Record<string, Server>;
