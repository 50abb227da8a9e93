import { PROTO_HTTP, PROTO_HTTPS } from "../config/alias-options.ts";
import { SkitaiError } from "../errors.ts";
import { CachedProxy } from "../proxy/cached.ts";
import { ReverseProxy } from "../proxy/reverse.ts";
import { guarded } from "./guarded.ts";
import type { Mount, MountKind } from "./mount.ts";
import { aliasOf } from "./target.ts";

/** What stays as it is in a URL: nobody else makes another path of it. */
const isPath = (base: string): boolean =>
  !/\/\/|\/$/.test(base) && URL.parse(`http://a${base}`)?.pathname === base;

/**
 * A dot segment that only some servers take for one, after they have decoded the path or cut parameters off: behind it lies what
 * is not mounted, or mounted for others. Plain ones are resolved before a mount is chosen.
 */
const dotSegment = /(?:\/|%2f|\\|%5c)(?:\.|%2e){1,2}(?:\/|%2f|\\|%5c|;|%3b|$)/i;

/** `mount("/search", "@mysearch/v2")`: a reverse proxy. Spec P1. */
export const upstream = {
  open(target, { point, relay }): Mount {
    const { alias, base } = aliasOf(target)!;
    if (alias.type !== PROTO_HTTP && alias.type !== PROTO_HTTPS)
      throw new SkitaiError("MOUNT_INVALID", {
        name: `mount("${point || "/"}", "${target as string}")`,
        value: alias.type,
        accepted: "an alias of PROTO_HTTP or PROTO_HTTPS",
      });
    if (base !== "" && !isPath(base))
      throw new SkitaiError("MOUNT_INVALID", {
        name: `mount("${point || "/"}")`,
        value: target,
        accepted: `a path behind ${alias.name} like "${alias.name}/v2": percent-encoded, without "..", "//" and query`,
      });
    const { gateway } = relay;
    const reverse = new ReverseProxy(alias, { ...relay, point, base, stripped: gateway?.strippedNames });
    const proxy = relay.cache === undefined ? reverse : new CachedProxy(reverse, relay.cache);
    return {
      label: `upstream ${alias.name}`,
      final: true,
      relays: true,
      exact: true,
      respond: guarded(alias, gateway, (request, context, admission) => {
        if (dotSegment.test(context.path))
          throw new SkitaiError("PROXY_PATH", { name: alias.name, accepted: "a path without dot segments" });
        return proxy.respond(request, context, admission?.lines);
      }),
      close: () => proxy.close(),
    };
  },
} satisfies MountKind;
