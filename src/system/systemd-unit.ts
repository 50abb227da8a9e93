/** What the unit of a service is made from. Paths are absolute. */
export interface UnitParts {
  readonly name: string;
  readonly command: readonly [program: string, ...words: string[]];
  readonly directory: string;
  readonly user: string;
  readonly group: string | undefined;
  /** It listens below port 1024. */
  readonly privileged: boolean;
  /** Seconds that a stop may take. */
  readonly stopTimeout: number;
  /** Below /var/log, made by systemd for the user. */
  readonly logs: string | undefined;
  /** Below /run, likewise, gone when the service has stopped. */
  readonly runtime: string | undefined;
  /** All else that the service writes. */
  readonly writable: readonly string[];
}

/** First line of what was written by us: nothing else is overwritten or removed. */
export const mark =
  "# Made by skitai install: update refreshes it, remove deletes it. Own lines go into a drop-in.";

/**
 * The text of a systemd.service(5) unit. Spec Y1. Below port 1024 it has the capability to bind instead of root: then no process
 * of the service ever is root, and workers of one user can share the port. No MemoryDenyWriteExecute: the JIT compiler needs
 * such memory.
 */
export const unitText = (parts: UnitParts): string =>
  [
    mark,
    ...section("Unit", unitLines(parts)),
    ...section("Service", serviceLines(parts)),
    ...install,
    "",
  ].join("\n");

const section = (name: string, lines: readonly (string | undefined)[]): string[] => [
  `[${name}]`,
  ...lines.filter((line) => line !== undefined),
  "",
];

const install = ["[Install]", "WantedBy=multi-user.target"];

const unitLines = ({ name }: UnitParts): string[] => [
  `Description=${verbatim(name)} (skitai)`,
  "Wants=network-online.target",
  "After=network-online.target",
];

const serviceLines = (parts: UnitParts): (string | undefined)[] => [
  "Type=notify",
  "NotifyAccess=main",
  `ExecStart=${commandLine(parts.command)}`,
  "ExecReload=/bin/kill -HUP $MAINPID",
  "WatchdogSec=30",
  "KillMode=mixed",
  `TimeoutStopSec=${Math.ceil(parts.stopTimeout)}`,
  "Restart=on-failure",
  `User=${verbatim(parts.user)}`,
  parts.group === undefined ? undefined : `Group=${verbatim(parts.group)}`,
  `WorkingDirectory=${verbatim(parts.directory)}`,
  "LimitNOFILE=65536",
  parts.logs === undefined ? undefined : `LogsDirectory=${quoted(parts.logs)}`,
  parts.runtime === undefined ? undefined : `RuntimeDirectory=${quoted(parts.runtime)}`,
  parts.runtime === undefined ? undefined : "RuntimeDirectoryMode=0700",
  ...hardening(parts),
];

function hardening({ user, privileged, writable, command, directory }: UnitParts): (string | undefined)[] {
  const places = [command[0], directory, ...writable];
  const hidden = (...roots: readonly string[]): boolean =>
    places.some((place) => roots.some((root) => `${place}/`.startsWith(`${root}/`)));
  const capability = privileged ? "CAP_NET_BIND_SERVICE" : "";
  return [
    ...(privileged && user !== "root" ? [`AmbientCapabilities=${capability}`] : []),
    ...(user === "root" ? [] : [`CapabilityBoundingSet=${capability}`]),
    "NoNewPrivileges=yes",
    "ProtectSystem=strict",
    // A directory that is missing must not keep the service from starting.
    writable.length === 0
      ? undefined
      : `ReadWritePaths=${writable.map((path) => quoted(`-${path}`)).join(" ")}`,
    hidden("/home", "/root", "/run/user") ? undefined : "ProtectHome=read-only",
    hidden("/tmp", "/var/tmp") ? undefined : "PrivateTmp=yes",
    "PrivateDevices=yes",
    "ProtectKernelTunables=yes",
    "ProtectKernelModules=yes",
    "ProtectKernelLogs=yes",
    "ProtectControlGroups=yes",
    "ProtectClock=yes",
    "ProtectHostname=yes",
    "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK",
    "RestrictNamespaces=yes",
    "RestrictRealtime=yes",
    "RestrictSUIDSGID=yes",
    "LockPersonality=yes",
    "SystemCallArchitectures=native",
  ];
}

/** `$` is a variable in the words, not in the program's path. systemd.service(5), "Command lines". */
const commandLine = ([program, ...words]: readonly [string, ...string[]]): string =>
  [quoted(program), ...words.map((word) => quoted(word).replaceAll("$", "$$$$"))].join(" ");

/** `%` starts a specifier. systemd.unit(5). */
const verbatim = (text: string): string => text.replaceAll("%", "%%");

/** One word: blanks, quotes and backslashes are text. systemd.syntax(7), "Quoting". */
const quoted = (text: string): string =>
  /^[\w./:=@,%+-]+$/.test(text)
    ? verbatim(text)
    : `"${verbatim(text).replace(/["\\]/g, "\\$&").replaceAll("\n", "\\n")}"`;
