import { SkitaiError } from "../errors.ts";
import { parseDuration } from "./units.ts";

/** What tokens may be signed with (RFC 7518, RFC 8037, RFC 9864); never `none`. */
export const secretAlgorithms = ["HS256", "HS384", "HS512"] as const;
export const publicAlgorithms = [
  ...["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
  ...["ES256", "ES384", "ES512", "EdDSA", "Ed25519"],
] as const;

const minSecret = 16;
/** In seconds. */
const maxRefill = 30 * 86400;
const optionNames = [
  ...["secret", "keys", "jwks", "algorithms", "issuer", "audience", "leeway", "realm"],
  ...["handler", "cache", "rateLimit", "identity"],
];

type Members = Record<string, unknown>;
type Refuse = (value: unknown, accepted: string) => void;

/** @returns what is wrong with the options of a gateway, as far as it can be said without reading a key */
export function gatewayErrors(given: object): SkitaiError[] {
  const errors: SkitaiError[] = [];
  const refuse: Refuse = (value, accepted) =>
    void errors.push(new SkitaiError("OPTION_INVALID", { name: "enableGateway", value, accepted }));
  const options = given as Members;
  only(options, optionNames, refuse);
  checkSources(options, refuse);
  checkTexts(options, refuse);
  duration(options, "leeway", 0, 600, refuse);
  duration(options, "cache", 0, 3600, refuse);
  section(options, "handler", ["handleToken", "handleClaim"], refuse, checkHandler);
  section(options, "rateLimit", ["limit", "period", "burst", "key", "headers"], refuse, checkRate);
  section(options, "identity", ["user", "roles", "claims"], refuse, checkIdentity);
  return errors;
}

/** Secrets and keys are not shown: only what is expected of them. */
function checkSources({ secret, keys, jwks, handler, algorithms }: Members, refuse: Refuse): void {
  const isOpaque = typeof (Object(handler) as Members)["handleToken"] === "function";
  if (secret === undefined && keys === undefined && jwks === undefined && !isOpaque)
    refuse(undefined, "one of secret, keys, jwks, handler.handleToken is needed");
  if (secret !== undefined) checkSecret(secret, refuse);
  if (keys !== undefined && !([keys].flat() as unknown[]).every(isKeyText))
    refuse(undefined, "keys as PEM text, JWK or JWK set, or a list of them");
  if (jwks !== undefined) checkRemote(jwks, refuse);
  const known: readonly unknown[] = [
    ...(secret === undefined ? [] : secretAlgorithms),
    ...(keys === undefined && jwks === undefined ? [] : publicAlgorithms),
  ];
  if (algorithms === undefined) return;
  const named: unknown[] = Array.isArray(algorithms) ? algorithms : [algorithms];
  if (named.length === 0 || !Array.isArray(algorithms)) refuse(algorithms, "algorithms as a list");
  for (const each of named)
    if (!known.includes(each)) refuse(each, `algorithms of the keys: ${known.join(", ")}`);
}

function checkSecret(secret: unknown, refuse: Refuse): void {
  const text = typeof secret === "string" ? secret : "";
  if (!(secret instanceof Uint8Array) && text === "") refuse(undefined, "secret as text or bytes");
  // Who knows the public key could sign with it.
  else if (text.includes("-----BEGIN ")) refuse(undefined, "PEM text as keys, not as secret");
  else if ((secret instanceof Uint8Array ? secret.length : Buffer.byteLength(text)) < minSecret)
    refuse(undefined, `a secret of ${minSecret} bytes or more, better 32 (RFC 7518 §3.2)`);
}

const isKeyText = (key: unknown): boolean =>
  (typeof key === "string" && key.includes("-----BEGIN ")) ||
  (typeof key === "object" && key !== null && ("kty" in key || Array.isArray((key as Members)["keys"])));

function checkRemote(given: unknown, refuse: Refuse): void {
  const set = (
    typeof given === "object" && given !== null && !(given instanceof URL) ? given : { url: given }
  ) as Members;
  only(set, ["url", "maxAge", "cooldown", "timeout"], refuse);
  duration(set, "maxAge", 1, 86400, refuse);
  duration(set, "cooldown", 0, 3600, refuse);
  duration(set, "timeout", 0.01, 60, refuse);
  const url = URL.parse(String(set["url"]));
  const local = url !== null && /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(url.hostname);
  if (url?.protocol === "https:" || (url?.protocol === "http:" && local)) {
    if (url.username !== "" || url.password !== "") refuse(undefined, "jwks as a URL without a password");
  } else refuse(url === null ? set["url"] : url.origin, "jwks as an https URL, or http on this machine");
}

function checkTexts({ issuer, audience, realm }: Members, refuse: Refuse): void {
  const isTexts = (value: unknown): boolean =>
    value === undefined || [value].flat().every((each) => typeof each === "string" && each !== "");
  if (!isTexts(issuer)) refuse(issuer, "issuer as a text or a list of texts");
  if (!isTexts(audience)) refuse(audience, "audience as a text or a list of texts");
  if (realm !== undefined && !(typeof realm === "string" && /^[\x20-\x7e]{1,200}$/.test(realm)))
    refuse(realm, "realm as ASCII text of at most 200 characters");
}

function checkHandler(handler: Members, refuse: Refuse): void {
  for (const name of ["handleToken", "handleClaim"])
    if (handler[name] !== undefined && typeof handler[name] !== "function")
      refuse(handler[name], `handler.${name} as a function`);
}

function checkRate({ limit, period, burst, key, headers }: Members, refuse: Refuse): void {
  const isCount = (value: unknown): boolean =>
    typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= 1e9;
  if (!isCount(limit)) refuse(limit, "rateLimit.limit as an integer from 1");
  if (burst !== undefined && !isCount(burst)) refuse(burst, "rateLimit.burst as an integer from 1");
  duration({ period }, "period", 0.1, 86400, refuse);
  const refill = (Number(burst ?? limit) / Number(limit)) * (parseDuration(period ?? 60) ?? 60);
  if (refill > maxRefill) refuse(burst, "rateLimit.burst that is there again in 30 days at most");
  if (key !== undefined && typeof key !== "function") refuse(key, "rateLimit.key as a function");
  if (headers !== undefined && typeof headers !== "boolean")
    refuse(headers, "rateLimit.headers as true or false");
}

function checkIdentity(identity: Members, refuse: Refuse): void {
  for (const name of Object.values(identity))
    if (typeof name !== "string" || !/^[A-Za-z][A-Za-z\d-]*$/.test(name))
      refuse(name, 'identity as names of fields like "X-Auth-User"');
}

function section(
  options: Members,
  name: string,
  names: readonly string[],
  refuse: Refuse,
  check: (section: Members, refuse: Refuse) => void,
): void {
  const value = options[name];
  if (value === undefined) return;
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return refuse(value, `${name} as an object`);
  // A handler may be an instance of a class, with what it needs.
  if (name !== "handler") only(value as Members, names, refuse);
  check(value as Members, refuse);
}

function only(given: Members, names: readonly string[], refuse: Refuse): void {
  const other = Object.keys(given).find((key) => !names.includes(key));
  if (other !== undefined) refuse(other, names.join(", "));
}

function duration(given: Members, name: string, min: number, max: number, refuse: Refuse): void {
  const value = given[name];
  if (value === undefined) return;
  const seconds = parseDuration(value);
  if (seconds === undefined || !(seconds >= min && seconds <= max))
    refuse(value, `${name} from ${min} s to ${max} s`);
}
