export const acceptedTarget =
  "a handler, an app with .fetch, a directory, a module or package by name, or an imported one";

export const hasMethod = (target: object, name: string): boolean =>
  typeof (target as Record<string, unknown>)[name] === "function";

/** What makes an object an app: `fetch` of Hono and its like, `routing` of Fastify, `callback` of Koa. */
const appMethods = ["fetch", "routing", "callback"];

export const isAppObject = (target: object): boolean => appMethods.some((name) => hasMethod(target, name));

/** Whether a value can be mounted, as far as its shape tells. */
export const isTarget = (target: unknown): boolean =>
  (typeof target === "string" && target.length > 0) ||
  typeof target === "function" ||
  (isObject(target) && (isAppObject(target) || isModule(target) || isPart(target)));

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;

/** What `import * as` gives, in an executable too, where it is a plain object. */
const isModule = (target: object): boolean => "app" in target || "default" in target;

/** `["unsub", "app_v1:app"]`. */
const isPart = (target: object): boolean =>
  Array.isArray(target) &&
  target.length === 2 &&
  (typeof target[0] === "string" || isObject(target[0])) &&
  typeof target[1] === "string";
