import { existsSync, statSync } from "node:fs";
import { resolve } from "node:path";
import type { MountTarget } from "../config/mount-types.ts";
import { SkitaiError } from "../errors.ts";
import { findEmbedded } from "./embedded.ts";

/** What a mount's text means, decided without loading anything. Spec E2, E3. */
export type TextTarget =
  | { readonly kind: "directory"; readonly path: string }
  | { readonly kind: "module"; readonly path: string; readonly name: string | undefined };

const endings = ["", ".ts", ".tsx", ".mts", ".js", ".jsx", ".mjs", ".cjs"];
/** Of a directory that is named with an export, `"sub:app"`: else it is one of static files. */
const indexes = endings.slice(1).map((ending) => `/index${ending}`);

/**
 * `"./static"` is a directory when there is one, else `"app_v1"`, `"./app_v1.ts"`, `"app_v1/app:app"` is a module.
 * @param base directory that relative paths start from: the script's
 * @throws SkitaiError MOUNT_INVALID when it is neither
 */
export function readTarget(text: string, base: string): TextTarget {
  const embedded = findEmbedded(text);
  if (embedded)
    return embedded.kind === "directory"
      ? { kind: "directory", path: text }
      : { kind: "module", path: text, name: exportName(text) };
  const path = resolve(base, text);
  if (isDirectory(path)) return { kind: "directory", path };
  const colon = text.lastIndexOf(":");
  const stem = resolve(base, colon > 0 ? text.slice(0, colon) : text);
  const file = [...endings, ...indexes].map((ending) => stem + ending).find(isFile);
  if (file) return { kind: "module", path: file, name: exportName(text) };
  throw new SkitaiError("MOUNT_INVALID", {
    name: "mount",
    value: text,
    accepted: `a directory or a module below ${base}`,
  });
}

/** The name behind the colon of `"app_v1/app:app"`. */
export function exportName(text: string): string | undefined {
  const colon = text.lastIndexOf(":");
  return colon > 0 ? text.slice(colon + 1) : undefined;
}

const isDirectory = (path: string): boolean => existsSync(path) && statSync(path).isDirectory();
const isFile = (path: string): boolean => existsSync(path) && statSync(path).isFile();

/**
 * A head that says a function is Node-style: `(req, res)`, whatever comes before. The second name decides: a fetch
 * handler's second parameter is its context.
 */
const nodeParameters =
  /^(?:async\b\s*)?(?:function\b\s*)?[\w$]*\s*\(\s*[\w$]+\s*,\s*_?(?:res|resp|response|reply)\b/;

const hasMethod = (target: object, name: string): boolean =>
  typeof (target as Record<string, unknown>)[name] === "function";

/**
 * Whether a value is an app in Node's style: Express and Connect (a function with `handle`), an instance of Fastify
 * (`routing`) or Koa (`callback`), or a function whose second parameter is called `res` or `response`. Other functions are
 * fetch handlers. Spec E10.
 */
export function isNodeStyle(target: Exclude<MountTarget, string>): boolean {
  if (hasMethod(target, "fetch")) return false;
  if (hasMethod(target, "routing") || hasMethod(target, "callback")) return true;
  return (
    typeof target === "function" && (hasMethod(target, "handle") || nodeParameters.test(target.toString()))
  );
}
