/** One server behind an alias. */
export interface MemberDeclaration {
  /** For people and logs: `10.0.0.1:5001`, without user and password. */
  readonly label: string;
  /** Host name or address, without brackets; the path of a Unix socket or of a database file. */
  readonly host: string;
  /** 0 for a Unix socket or a file. */
  readonly port: number;
  readonly user: string | undefined;
  readonly password: string | undefined;
  /** Name or number of a database, without `/`; of HTTP members a base path. */
  readonly database: string | undefined;
  readonly weight: number;
}

const defaultPorts: Readonly<Record<string, number>> = {
  http: 80,
  https: 443,
  ws: 80,
  wss: 443,
  postgresql: 5432,
  redis: 6379,
  mongodb: 27017,
};

const pattern =
  /^(?:(?<user>[^:@/]*)(?::(?<password>.*))?@)?(?:\[(?<six>[\da-f:.%\w]+)\]|(?<host>[^\s:/@[\]?#\\]+))(?::(?<port>\d{1,5}))?(?:\/(?<database>\S*))?$/i;

/**
 * Reads `[user[:password]@]host[:port][/database] [weight]`, also with `scheme://` before it; `unix:/path` for a socket, and
 * a path for SQLite. User and password may be percent-encoded. Spec Q1.
 * @returns `undefined` when it is none
 */
export function parseMember(text: unknown, type: string): MemberDeclaration | undefined {
  if (typeof text !== "string") return undefined;
  if (type === "sqlite3") return text.trim() === "" ? undefined : file(text.trim(), 1);
  const [, place = "", weightText = "1"] = /^\s*(\S+)(?:\s+(\d+))?\s*$/.exec(text) ?? [];
  const weight = Number(weightText);
  if (place === "" || weight < 1 || weight > 1_000_000) return undefined;
  if (place.startsWith("unix:/")) return file(place.slice(5), weight);
  const groups = pattern.exec(withoutScheme(place, type))?.groups;
  if (groups === undefined) return undefined;
  const port = groups["port"] === undefined ? defaultPorts[type]! : Number(groups["port"]);
  const host = groups["six"] ?? groups["host"]!;
  if (port < 1 || port > 65535) return undefined;
  return {
    label: groups["six"] === undefined ? `${host}:${port}` : `[${host}]:${port}`,
    host,
    port,
    user: decoded(groups["user"]),
    password: decoded(groups["password"]),
    database: groups["database"] || undefined,
    weight,
  };
}

const file = (path: string, weight: number): MemberDeclaration => ({
  label: path,
  host: path,
  port: 0,
  user: undefined,
  password: undefined,
  database: undefined,
  weight,
});

/** Nothing is left of a scheme that is not the alias's own: it would be taken for a user. */
function withoutScheme(place: string, type: string): string {
  const scheme = /^([a-z][a-z\d+.-]*):\/\//i.exec(place);
  if (scheme === null) return place;
  const said = scheme[1]!.toLowerCase();
  return said === type || (type === "postgresql" && said === "postgres") ? place.slice(scheme[0].length) : "";
}

function decoded(text: string | undefined): string | undefined {
  try {
    return text === undefined ? undefined : decodeURIComponent(text);
  } catch {
    return text;
  }
}
