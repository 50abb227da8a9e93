import type { FetchApp, FetchHandler } from "../config/mount-types.ts";
import { passErrorsOn } from "./hono-errors.ts";
import type { Mount, MountKind } from "./mount.ts";

/** A fetch function, or an object with `.fetch`: Hono, Elysia, h3, itty-router … Spec E1. */
export const handler = {
  open(target): Mount {
    const app = target as FetchHandler | FetchApp;
    if (typeof app === "object" || "fetch" in app) {
      passErrorsOn(app);
      const { fetch } = app as { fetch: FetchHandler };
      return { label: `app ${app.constructor?.name ?? "object"}`, final: false, respond: fetch.bind(app) };
    }
    return {
      label: `handler ${app.name}`,
      final: false,
      exact: true,
      respond: (request, context) => app(request, context),
    };
  },
} satisfies MountKind;
