import { PROTO_HTTP, PROTO_HTTPS } from "../config/alias-options.ts";
import { SkitaiError } from "../errors.ts";
import { CachedProxy } from "../proxy/cached.ts";
import { ReverseProxy } from "../proxy/reverse.ts";
import { guarded } from "./guarded.ts";
import type { Mount, MountKind } from "./mount.ts";
import { aliasOf } from "./target.ts";

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
    const { gateway } = relay;
    const reverse = new ReverseProxy(alias, { ...relay, point, base, stripped: gateway?.strippedNames });
    const proxy = relay.cache === undefined ? reverse : new CachedProxy(reverse, relay.cache);
    return {
      label: `upstream ${alias.name}`,
      final: true,
      relays: true,
      exact: true,
      respond: guarded(alias, gateway, (request, context, admission) =>
        proxy.respond(request, context, admission?.lines),
      ),
      close: () => proxy.close(),
    };
  },
} satisfies MountKind;
