import { expect, test } from "bun:test";
import { readTarget, isNodeStyle } from "../../src/mounts/target.ts";

const base = Bun.fileURLToPath(new URL("./fixtures/modules", import.meta.url));

test("[E10] functions are Node-style by the name of their second parameter", () => {
  const methods = {
    handle(_req: unknown, res: unknown): void {
      void res;
    },
    async serve(_request: unknown, response: unknown): Promise<void> {
      void response;
    },
    fetch(_request: unknown, _context: unknown): void {},
  };
  const nodeStyle = [
    (_req: never, _res: never): void => {},
    async (_req: never, res: never) => res,
    async function (_: never, response: never) {
      return response;
    },
    function named($req: never, res: never, _next?: never): void {
      void [$req, res];
    },
    (_req: never, reply: never) => reply,
    methods.handle,
    methods.serve,
  ];
  expect(nodeStyle.filter((each) => !isNodeStyle(each))).toEqual([]);
  const fetchStyle = [
    (_request: Request) => new Response(),
    (_request: Request, _context: unknown) => new Response(),
    (_request: Request, { path }: { path: string }) => new Response(path),
    (_request: Request, resources: string) => new Response(resources),
    async (response: unknown) => response as Response,
    () => new Response(),
    methods.fetch as unknown as () => Response,
  ];
  expect(fetchStyle.filter((each) => isNodeStyle(each as () => Response))).toEqual([]);
});

test("[E10] instances: Fastify and Koa by their methods, what has fetch is a fetch app", () => {
  const callback = (): (() => void) => () => {};
  expect(isNodeStyle({ routing: () => {}, ready: async () => {} })).toBe(true);
  expect(isNodeStyle({ callback })).toBe(true);
  expect(isNodeStyle(Object.assign(() => {}, { handle: () => {} }))).toBe(true);
  expect(isNodeStyle({ fetch: () => new Response(), callback })).toBe(false);
});

test("[E2] [E3] a directory, else a module, else an error that says where was looked", () => {
  expect(readTarget("sub", base)).toEqual({ kind: "directory", path: `${base}/sub` });
  expect(readTarget("./sub/", base)).toEqual({ kind: "directory", path: `${base}/sub` });
  expect(readTarget("sub:app", base)).toEqual({ kind: "module", path: `${base}/sub/index.ts`, name: "app" });
  expect(readTarget("app_v2", base)).toEqual({ kind: "module", path: `${base}/app_v2.ts`, name: undefined });
  expect(readTarget("app_v1/app:app", base)).toMatchObject({ path: `${base}/app_v1/app.ts`, name: "app" });
  expect(() => readTarget("app_v9:app", base)).toThrow(
    `mount: "app_v9:app" is not accepted; accepted: a directory or a module below ${base}`,
  );
});
