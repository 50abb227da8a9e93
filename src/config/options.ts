/** What a row accepts. `validate.ts` has one schema for each type. */
export type OptionType =
  | { type: "text"; pattern?: RegExp }
  | { type: "integer"; min: number; max: number }
  | { type: "workers" }
  | { type: "duration"; min: number; max: number }
  | { type: "size"; min: number; max: number }
  | { type: "flag" }
  /** A flag that may name a port: `--quic`, `--quic=4433`. */
  | { type: "port" }
  | { type: "choice"; of: readonly string[] }
  | { type: "networks" };

/** One row: everything the engine knows of an option. Flag and `SKITAI_*` name are made from the key. */
export type OptionRow = OptionType & {
  readonly default: unknown;
  /** Names read besides `SKITAI_<NAME>`, which wins over them. */
  readonly env?: readonly string[];
  /** A diagnostic of the engine: its flag has three hyphens, which no script can take. Spec O2. */
  readonly diagnostic?: true;
  readonly accepted: string;
  readonly help: string;
};

const GB = 1024 ** 3;

/**
 * The one table of engine options. Precedence: flag, `SKITAI_*`, common variable (`PORT` …), script, default.
 * Spec E11, E12, E15, O3, O5, L1, S3.
 */
export const optionTable = {
  address: {
    type: "text",
    pattern: /^[\w.:%-]+$/,
    default: "0.0.0.0",
    env: ["HOST"],
    accepted: "an IP address or host name",
    help: "address to listen on",
  },
  port: {
    type: "integer",
    min: 0,
    max: 65535,
    default: 5000,
    env: ["PORT"],
    accepted: "an integer from 0 (any free port) to 65535",
    help: "port to listen on, 0 for any free one",
  },
  workers: {
    type: "workers",
    default: 1,
    env: ["WEB_CONCURRENCY"],
    accepted: 'an integer from 1 to 1024, or "auto" (one for each CPU)',
    help: "number of worker processes",
  },
  name: {
    type: "text",
    pattern: /^[\w.-]{1,64}$/,
    default: undefined,
    accepted: "1 to 64 letters, digits, dots, dashes or underscores",
    help: "service name, shown by ps and used in paths",
  },
  devel: {
    type: "flag",
    default: false,
    accepted: "true or false",
    help: "development mode: reload of what is saved, error details, no cache headers",
  },
  silent: {
    type: "flag",
    default: false,
    accepted: "true or false",
    help: "no debug output, even with debug apps",
  },
  threads: {
    type: "integer",
    min: 2,
    max: 1024,
    default: 4,
    accepted: "an integer from 2 to 1024",
    help: "threads of each worker for work beside the event loop: compression, files, hashes",
  },
  keepAlive: {
    type: "duration",
    min: 1,
    max: 255,
    default: 30,
    accepted: "1 to 255 seconds",
    help: "seconds an idle connection is kept",
  },
  requestTimeout: {
    type: "duration",
    min: 1,
    max: 86400,
    default: 30,
    accepted: "1 second to 1 day",
    help: "longest pause of an upload, of a reading client and of a handler that has not answered",
  },
  startTimeout: {
    type: "duration",
    min: 0.1,
    max: 86400,
    default: 30,
    accepted: "100 ms to 1 day",
    help: "time that a worker has to start",
  },
  graceTimeout: {
    type: "duration",
    min: 0,
    max: 86400,
    default: 30,
    accepted: "0 seconds to 1 day",
    help: "time that requests in flight have at a stop",
  },
  maxUploadSize: {
    type: "size",
    min: 0,
    max: 1024 * GB,
    default: GB / 4,
    accepted: 'bytes, or text like "64kb", "2gb"',
    help: "largest request body",
  },
  trustedProxies: {
    type: "networks",
    default: ["127.0.0.0/8", "::1/128"],
    accepted: 'IP addresses or networks like "10.0.0.0/8"',
    help: "peers whose transaction ids and forwarding headers are believed",
  },
  logFormat: {
    type: "choice",
    of: ["text", "json"],
    default: "text",
    accepted: '"text" or "json"',
    help: "request log as fields or as JSON lines",
  },
  logMaxSize: {
    type: "size",
    min: 0,
    max: 1024 * GB,
    default: 0,
    accepted: 'bytes, or text like "64mb", 0 for any size',
    help: "size at which a log file is rotated before its day is over",
  },
  logKeep: {
    type: "integer",
    min: 1,
    max: 100_000,
    default: 30,
    accepted: "an integer from 1 to 100000",
    help: "rotated log files of each kind that are kept",
  },
  compression: {
    type: "flag",
    default: true,
    accepted: "true or false",
    help: "compress answers by Accept-Encoding",
  },
  dotFiles: {
    type: "choice",
    of: ["deny", "allow"],
    default: "deny",
    accepted: '"deny" or "allow"',
    help: "whether static directories show names that start with a dot",
  },
  staticMemory: {
    type: "size",
    min: 0,
    max: 64 * GB,
    default: GB / 16,
    accepted: 'bytes, or text like "64mb"',
    help: "memory of each worker for small and hot static files",
  },
  maxRequests: {
    type: "integer",
    min: 0,
    max: 1_000_000_000,
    default: 0,
    accepted: "an integer from 0 (never) to 1000000000",
    help: "requests after which a worker is replaced",
  },
  maxMemory: {
    type: "size",
    min: 0,
    max: 1024 * GB,
    default: 0,
    accepted: 'bytes, or text like "512mb", 0 for never',
    help: "resident memory at which a worker is replaced",
  },
  maxAge: {
    type: "duration",
    min: 0,
    max: 86400 * 365,
    default: 0,
    accepted: "0 seconds (never) to 365 days",
    help: "time after which a worker is replaced",
  },
  criticalCpu: {
    type: "integer",
    min: 1,
    max: 100_000,
    default: 90,
    accepted: "an integer from 1 to 100000",
    help: "percent of one CPU at which a worker is overloaded",
  },
  criticalChecks: {
    type: "integer",
    min: 1,
    max: 1000,
    default: 3,
    accepted: "an integer from 1 to 1000",
    help: "checks in a row that find a worker overloaded, before it is replaced",
  },
  criticalInterval: {
    type: "duration",
    min: 0,
    max: 86400,
    default: 0,
    accepted: "0 seconds (never) to 1 day",
    help: "time between two checks of a worker's CPU",
  },
  shutdownDelay: {
    type: "duration",
    min: 0,
    max: 3600,
    default: 0,
    accepted: "0 seconds to 1 hour",
    help: "time a stop goes on serving after /readyz said no",
  },
  user: {
    type: "text",
    pattern: /^(?:[\w.-]+\$?(?::[\w.-]+)?)?$/,
    default: "",
    accepted: 'a user, or a user and a group like "www-data:www-data"',
    help: "whom the workers run as when root starts it, root to keep root; else who called sudo, or nobody below port 1024",
  },
  umask: {
    type: "text",
    pattern: /^(?:0?[0-7]{3})?$/,
    default: "",
    accepted: 'three octal digits like "027", or "" for the one it was started with',
    help: "rights that files made by the service do not get",
  },
  admin: {
    type: "text",
    pattern: /^(?:[\w.%-]+:\d{1,5}|\[[\da-f:.%\w]+\]:\d{1,5})?$/i,
    default: "",
    accepted: 'an address and a port like "127.0.0.1:9000", or "" for none',
    help: "where the status page, /metrics, /livez, /readyz and /status are served on TCP",
  },
  runDirectory: {
    type: "text",
    default: "",
    accepted: "a directory this user may write",
    help: "where pid file, lock and control socket are; usually in /run/skitai or $XDG_RUNTIME_DIR/skitai",
  },
  http2: {
    type: "flag",
    default: true,
    accepted: "true or false",
    help: "HTTP/2 beside HTTP/1.1 on the same port",
  },
  quic: {
    type: "port",
    default: false,
    accepted: "true (the number of port), false, or an integer from 2 to 65535",
    help: "HTTP/3 on this UDP port, by one more process; needs enableSsl",
  },
  quicPublicPort: {
    type: "integer",
    min: 0,
    max: 65535,
    default: 0,
    accepted: "an integer from 0 (the one of quic) to 65535",
    help: "UDP port that Alt-Svc tells clients, where something in front maps ports",
  },
  hsts: {
    type: "duration",
    min: 0,
    max: 10 * 365 * 86400,
    default: 0,
    accepted: 'seconds, or text like "365d", 0 for none',
    help: "how long browsers shall come by https only, said in https answers",
  },
  smtpda: {
    type: "flag",
    default: false,
    accepted: "true or false",
    help: "start the mail agent when none runs; it stays when the service stops",
  },
  profile: {
    type: "flag",
    default: false,
    diagnostic: true,
    accepted: "true or false",
    help: "write a CPU profile of each worker into the script's directory when it ends",
  },
  gc: {
    type: "flag",
    default: false,
    diagnostic: true,
    accepted: "true or false",
    help: "collect garbage once a minute in workers that have nothing to do",
  },
  memtrack: {
    type: "flag",
    default: false,
    diagnostic: true,
    accepted: "true or false",
    help: "log the memory of each worker once a minute",
  },
} as const satisfies Record<string, OptionRow>;

export type OptionName = keyof typeof optionTable;

export const optionNames = Object.keys(optionTable) as OptionName[];
export const optionRow = (name: OptionName): OptionRow => optionTable[name];
/** `maxUploadSize` → `--max-upload-size`, `gc` → `---gc`. */
export const flagOf = (name: OptionName): string =>
  `${optionRow(name).diagnostic ? "---" : "--"}${kebab(name)}`;
/** `maxUploadSize` → `SKITAI_MAX_UPLOAD_SIZE`. */
export const variableOf = (name: OptionName): string =>
  `SKITAI_${kebab(name).replaceAll("-", "_").toUpperCase()}`;

const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
