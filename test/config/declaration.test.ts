import { expect, test } from "bun:test";
import { Declaration } from "../../src/config/declaration.ts";
import type { MountOptions, MountTarget } from "../../src/config/mount-types.ts";

const app = (): Response => new Response();

/** What a declaration makes of one mount. */
function mounted(
  point: unknown,
  target: unknown = app,
  options?: unknown,
): { points: string[]; errors: string[] } {
  const declaration = new Declaration([]);
  declaration.mount(point as string, target as MountTarget, options as MountOptions);
  return {
    points: declaration.mounts.map((mount) => mount.point),
    errors: declaration.errors.map(({ message }) => message),
  };
}

test("[E9] points are written as they stand in requests", () => {
  const written = {
    "/": "",
    "/v1": "/v1",
    "/v1/": "/v1",
    "/a/b.c/d-e_f~g": "/a/b.c/d-e_f~g",
    "/café": "/caf%C3%A9",
    "/caf%c3%a9": "/caf%C3%A9",
    "/日本/": "/%E6%97%A5%E6%9C%AC",
    "/a%2fb": "/a%2Fb",
    "/{x}": "/%7Bx%7D",
    "/.well-known/x": "/.well-known/x",
    "/...": "/...",
  };
  for (const [given, point] of Object.entries(written))
    expect([given, mounted(given)]).toEqual([given, { points: [point], errors: [] }]);
});

test("[E15] what is no point is refused", () => {
  const wrong = [
    "",
    "v1",
    "//",
    "/a//b",
    "/..",
    "/a/../b",
    "/a/.",
    "/a/%2E%2e/b",
    "/a?b",
    "/a#b",
    "/a b",
    "/a\\b",
    "/%",
    "/%4",
    "/%zz",
    5,
    null,
    undefined,
  ];
  for (const point of wrong)
    expect([point, mounted(point).points, mounted(point).errors.length]).toEqual([point, [], 1]);
});

test("[E1] [E10] what can be mounted", () => {
  const right = ["./static", app, { fetch: app }, { routing: app, ready: app }, { callback: app }, class {}];
  for (const target of right) expect(mounted("/", target).errors).toEqual([]);
  for (const target of ["", 5, null, {}, { fetch: 5 }, [], true])
    expect([target, mounted("/", target).points, mounted("/", target).errors.length]).toEqual([
      target,
      [],
      1,
    ]);
});

test("[E6] [E11] options of a mount", () => {
  const right = [
    { host: "www.site1.com" },
    { host: "a.com *.b.com  .c.com localhost [::1] 127.0.0.1" },
    { host: ["A.com", "xn--bcher-kva.example"] },
    { maxClientBodySize: 0, maxMultipartBodySize: "2gb", maxUploadFileSize: "64 kb" },
    { debug: true, onError: () => undefined, host: undefined },
  ];
  for (const options of right) expect([options, mounted("/", app, options).errors]).toEqual([options, []]);
  const wrong = [
    { host: "" },
    { host: [] },
    { host: "a.com:80" },
    { host: "http://a.com" },
    { host: "*" },
    { host: "a.*.com" },
    { host: "*a.com" },
    { host: "::1" },
    { host: ["a.com b.com"] },
    { host: [5] },
    { maxClientBodySize: "2 gbb" },
    { maxClientBodySize: -1 },
    { debug: "yes" },
    { onError: {} },
    { hosts: "a.com" },
    { toString: 1 },
  ];
  for (const options of wrong)
    expect([options, mounted("/", app, options).errors.length]).toEqual([options, 1]);
  expect(mounted("/", app, { debug: "yes" }).errors).toEqual([
    'mount("/") debug: "yes" is not accepted; accepted: true or false',
  ]);
});
