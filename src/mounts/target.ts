import { existsSync, statSync } from "node:fs";
import { resolve } from "node:path";
import type { App, MountTarget } from "../config/mount-types.ts";
import { hasMethod, isAppObject } from "../config/target-shape.ts";
import { SkitaiError } from "../errors.ts";
import type { Cluster } from "../upstream/cluster.ts";
import { findCluster } from "../upstream/clusters.ts";
import { findEmbedded } from "./embedded.ts";
import { moduleFile } from "./module-file.ts";
import { isPackageName, packageFile } from "./package.ts";

/** What a mount's text means, decided without loading anything; a package is a module. Spec E2-E4. */
export type TextTarget =
  | { readonly kind: "directory"; readonly path: string }
  | { readonly kind: "module"; readonly path: string; readonly name: string | undefined };

/**
 * `"./static"` is a directory when there is one, else `"app_v1"`, `"./app_v1.ts"`, `"app_v1/app:app"` is a module,
 * else `"unsub"` a package.
 * @param base directory that relative paths start from: the script's
 * @throws SkitaiError MOUNT_INVALID when it is neither
 */
export function readTarget(text: string, base: string): TextTarget {
  const embedded = findEmbedded(text, base);
  if (embedded)
    return embedded.kind === "directory"
      ? { kind: "directory", path: text }
      : { kind: "module", path: text, name: exportName(text) };
  const path = resolve(base, text);
  if (isDirectory(path)) return { kind: "directory", path };
  const stem = stemOf(text);
  const file = moduleFile(resolve(base, stem)) ?? packageFile(stem, base);
  if (file) return { kind: "module", path: file, name: exportName(text) };
  throw new SkitaiError("MOUNT_INVALID", {
    name: "mount",
    value: text,
    accepted: isPackageName(stem)
      ? `a directory or a module below ${base}, or a package that exports "./skitai"${text.startsWith("@") ? ", or what alias() has declared" : ""}`
      : `a directory or a module below ${base}`,
  });
}

/**
 * `"@mysearch"` and `"@mysearch/v2"`, where there is such an alias; else it is a package with a scope. Spec P1.
 * @returns the alias, and the path of its members: `""` or `/v2`
 */
export function aliasOf(target: MountTarget): { alias: Cluster; base: string } | undefined {
  if (typeof target !== "string" || !target.startsWith("@")) return undefined;
  const slash = target.indexOf("/");
  const alias = findCluster(slash < 0 ? target : target.slice(0, slash));
  return alias && { alias, base: slash < 0 ? "" : target.slice(slash).replace(/\/$/, "") };
}

/** The text that a target is found by, `undefined` for an alias: itself, and `"unsub/skitai/app_v1:app"` of `["unsub", "app_v1:app"]`. */
export function textOf(target: MountTarget): string | undefined {
  if (typeof target === "string") return aliasOf(target) === undefined ? target : undefined;
  return Array.isArray(target) && typeof target[0] === "string"
    ? `${target[0]}/skitai/${target[1]}`
    : undefined;
}

/** The name behind the colon of `"app_v1/app:app"`. */
export function exportName(text: string): string | undefined {
  const colon = text.lastIndexOf(":");
  return colon > 0 ? text.slice(colon + 1) : undefined;
}

/** What stands before the colon of `"app_v1/app:app"`. */
export function stemOf(text: string): string {
  const colon = text.lastIndexOf(":");
  return colon > 0 ? text.slice(0, colon) : text;
}

const isDirectory = (path: string): boolean => existsSync(path) && statSync(path).isDirectory();

/**
 * A head that says a function is Node-style: `(req, res)`, whatever comes before. The second name decides: a fetch
 * handler's second parameter is its context.
 */
const nodeParameters =
  /^(?:async\b\s*)?(?:function\b\s*)?[\w$]*\s*\(\s*[\w$]+\s*,\s*_?(?:res|resp|response|reply)\b/;

/** Whether a target is a module that the script has imported, or a part of one: an object that is no app. Spec E4. */
export const isImported = (target: MountTarget): boolean =>
  typeof target === "object" && !isAppObject(target);

/**
 * Whether a value is an app in Node's style: Express and Connect (a function with `handle`), an instance of Fastify
 * (`routing`) or Koa (`callback`), or a function whose second parameter is called `res` or `response`. Other functions are
 * fetch handlers. Spec E10.
 */
export function isNodeStyle(target: App): boolean {
  if (hasMethod(target, "fetch")) return false;
  if (hasMethod(target, "routing") || hasMethod(target, "callback")) return true;
  return (
    typeof target === "function" && (hasMethod(target, "handle") || nodeParameters.test(target.toString()))
  );
}
