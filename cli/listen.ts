import type { ArgsDef } from "citty";

/** Flags of the commands that serve by themselves; what is not given is left to the environment. */
export const listenFlags = {
  port: {
    type: "string",
    valueHint: "8080",
    description: "Port to listen on, 0 for any free one (default: 8080)",
  },
  host: {
    type: "string",
    valueHint: "127.0.0.1",
    description: "Address to listen on, 0.0.0.0 for other machines (default: 127.0.0.1)",
  },
  workers: {
    type: "string",
    valueHint: "1",
    description: "Worker processes, or auto for one for each CPU (default: 1)",
  },
} as const satisfies ArgsDef;

type Given = Readonly<Partial<Record<keyof typeof listenFlags, string | undefined>>>;

/** The same as flags of the engine. */
export const listenWords = ({ port, host, workers }: Given): string[] =>
  Object.entries({ port, address: host, workers }).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name}=${value}`],
  );

/** What a service of such a command listens on when nobody says. */
export const listenDefaults = { port: 8080, address: "127.0.0.1" } as const;
