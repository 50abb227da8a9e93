import { expect, test } from "bun:test";
import { openCache } from "../../src/cache/open.ts";
import { cacheErrors, cacheSettings } from "../../src/config/cache-options.ts";

test("[C1] options are sizes, a path and a time, with defaults", () => {
  expect(cacheErrors({})).toEqual([]);
  expect(
    cacheErrors({ memMax: "64mb", diskMax: "2gb", path: "cache", maxEntry: 4096, collapseTimeout: 0 }),
  ).toEqual([]);
  expect(cacheSettings({})).toEqual({
    memMax: 64 * 1024 * 1024,
    diskMax: 0,
    path: undefined,
    maxEntry: 8 * 1024 * 1024,
    patience: 5,
  });
  expect(cacheSettings({ path: "c", memMax: "1.5mb" })).toMatchObject({
    diskMax: 1024 ** 3,
    memMax: 1_572_864,
  });
});

test("[C1] what is wrong is named, with what is accepted", () => {
  const said = (options: unknown): string[] => cacheErrors(options).map(({ message }) => message);
  expect(said({ memMax: "lots" })).toEqual([
    'enableCacheFs memMax: "lots" is not accepted; accepted: bytes from 1 MB, or text like "64mb"',
  ]);
  expect(said({ memMax: 5, diskMax: -1, path: "", maxEntry: "1b", collapseTimeout: "2d" }).length).toBe(5);
  expect(said({ size: 1 })).toEqual([
    "enableCacheFs size: unknown option, known are memMax, diskMax, path, maxEntry, collapseTimeout",
  ]);
  expect(said({ diskMax: "2gb" })).toEqual([
    'enableCacheFs diskMax: "2gb" is not accepted; accepted: a path beside it, or 0',
  ]);
  for (const none of [undefined, null, "64mb", []]) expect(said(none).length).toBe(1);
});

test("[C1] a directory that cannot be written is one error that names it", () => {
  expect(() => openCache(cacheSettings({ path: "/dev/null/cache" }))).toThrow(
    /^enableCacheFs path: "\/dev\/null\/cache" is not accepted; accepted: a directory that can be written \(ENOTDIR/,
  );
});
