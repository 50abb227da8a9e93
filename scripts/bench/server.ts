import type { Addresses, ServiceName } from "./services.ts";

/** What a server is given to start with. All directories exist, are its own, and go away at the end of the run. */
export interface Launch {
  /** TCP port to listen on, on 127.0.0.1 or all addresses. */
  readonly port: number;
  /** For configuration, pid files, output. */
  readonly directory: string;
  /** Access logs go here, and nothing else does: its growth is checked against the requests answered. On a tmpfs. */
  readonly logs: string;
  /** Static files, shared by the servers of a run. */
  readonly site: string;
  /** A database of `pets`, as the PostgreSQL service has it. */
  readonly sqlite: string;
  /** PEM files, for a name that nobody checks. */
  readonly certificate: { readonly cert: string; readonly key: string };
  /** Where the services are that it needs. */
  readonly services: Addresses;
  /** The Bun executable to run programs with. */
  readonly bun: string;
  /** Where `npm install --prefix` put the peers. */
  readonly packages: string;
  /** Single-file binary made from `programs/skitai-hello.ts`, if one was named. */
  readonly binary: string | undefined;
  /** Distinct among all running servers. */
  readonly name: string;
}

export interface Command {
  readonly argv: readonly string[];
  /** Added to the environment of the harness. */
  readonly env?: Readonly<Record<string, string>>;
}

/** One server that can be named in a case: ours or a peer. */
export interface Server {
  /** Ours are always run; peers can be chosen with `--peer`. */
  readonly ours?: true;
  readonly about: string;
  /** Whether it keeps an access log of a line per request. */
  readonly log: boolean;
  /** Programs that must be on PATH. */
  readonly programs?: readonly string[];
  /** npm packages, name to version; installed on demand. */
  readonly packages?: Readonly<Record<string, string>>;
  /** What its handlers call. */
  readonly needs?: readonly ServiceName[];
  /** Runs the binary given by `--binary`. */
  readonly compiled?: true;
  /** Writes whatever configuration it needs into `directory`. */
  command(launch: Launch): Command | Promise<Command>;
}
