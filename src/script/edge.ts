import type { CacheOptions } from "../config/cache-options.ts";
import type { Claims, EnableGateway } from "../config/gateway-options.ts";
import type { ProxyKeepAlive, ProxyOptions } from "../config/proxy-options.ts";
import type { Duration } from "../config/settings.ts";
import { issueToken, type TokenOptions } from "../gateway/issue.ts";
import { declaration } from "./declaration.ts";

/**
 * Puts a gateway before all mounted aliases: who asks needs a bearer token, and an alias may want a `role` and a `source`.
 * Handlers of `{ handler }` decide on tokens that are no JWT, and on claims. Spec G1-G3.
 * ```ts
 * skitai.enableGateway(true, process.env.SECRET, "Example APIs");
 * skitai.enableGateway({ jwks: "https://id.example.com/jwks.json", issuer: "https://id.example.com", rateLimit: { limit: 600 } });
 * ```
 * @param secret 16 bytes or more, better 32
 * @param realm default "API Gateway"
 */
export const enableGateway = (...given: EnableGateway): void => declaration.enableGateway(...given);

/**
 * `gateway.token(claims, { expiresIn: "1h" })` signs a JWT that the gateway believes. Spec G1.
 * @throws SkitaiError OPTION_INVALID without `enableGateway`, or without a secret or private key
 */
export const gateway = {
  token: (claims: Claims, more?: TokenOptions): Promise<string> =>
    issueToken(declaration.gateway, claims, more),
};

/**
 * Serves a forward HTTP proxy on a port of its own, shared by all workers: requests for `http://host/path`, websockets, and
 * tunnels by CONNECT. Only this machine may use it, until `source` says who else, and it goes to public addresses only, until
 * `allow` or `allowPrivate` says where else; names are judged by the addresses they have. Spec P3.
 * ```ts
 * skitai.enableProxy({ port: 3128, source: ["10.0.0.0/8"], auth: { robot: "1234" }, allow: ["*.example.com"] });
 * ```
 */
export const enableProxy = (options: ProxyOptions): void => declaration.enableProxy(options);

/**
 * How long connections of the forward proxy are kept without traffic: `channel` for those of requests, default 60 s, also how long
 * an answer may take to begin; `tunnel` for CONNECT and websockets, default 600 s. Spec P3.
 */
export const setProxyKeepAlive = (idle: ProxyKeepAlive): void => declaration.setProxyKeepAlive(idle);

/**
 * Keeps answers of upstreams as they and RFC 9111 allow, for reverse and forward proxies: in the memory of each worker, and with a
 * `path` in a directory that all workers share and that outlives restarts. `was.purge` takes answers away. Spec C1, C2.
 * ```ts
 * skitai.enableCacheFs({ memMax: "64mb", diskMax: "2gb", path: "/var/cache/petstore" });
 * ```
 */
export const enableCacheFs = (options: CacheOptions = {}): void => declaration.enableCache(options);

/**
 * How long reverse proxies keep idle connections to the members of aliases: seconds or text like `"30s"`, 1 second to 1 hour,
 * default 10 s. Corequests over HTTP are made by Bun's `fetch`, which has a time of its own. Spec P4.
 */
export const setBackendKeepAlive = (idle: Duration): void => declaration.setBackendKeepAlive(idle);
