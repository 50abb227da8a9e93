import { describe, expect, test } from "bun:test";
import { negotiate } from "../../src/http/accept-encoding.ts";
import type { Coding } from "../../src/http/accept-encoding.ts";

const ALL: Coding[] = ["zstd", "br", "gzip"];

const cases: [field: string | null, offered: Coding[], expected: Coding | "identity" | undefined][] = [
  [null, ALL, "identity"],
  ["", ALL, "identity"],
  ["gzip, deflate, br, zstd", ALL, "zstd"],
  ["gzip, deflate, br", ALL, "br"],
  ["gzip", ALL, "gzip"],
  ["x-gzip", ALL, "gzip"],
  ["GZIP", ALL, "gzip"],
  ["deflate", ALL, "identity"],
  ["gzip;q=1, br;q=0.5", ALL, "gzip"],
  ["gzip; q=0.2 , br ; q=0.5", ALL, "br"],
  ["gzip;q=0", ALL, "identity"],
  ["*", ALL, "zstd"],
  ["*;q=0", ALL, undefined],
  ["*;q=0, identity", ALL, "identity"],
  ["*;q=0, gzip", ALL, "gzip"],
  ["zstd;q=0, *", ALL, "br"],
  ["identity;q=0", ALL, undefined],
  ["identity;q=0, gzip", ALL, "gzip"],
  ["identity;q=0", [], undefined],
  ["identity, gzip;q=0.5", ALL, "identity"],
  ["identity, gzip", ALL, "gzip"],
  ["gzip;q=0.5", ALL, "gzip"],
  ["gzip;q=x", ALL, "identity"],
  ["gzip;q=2", ALL, "identity"],
  ["br", ["gzip"], "identity"],
  ["br, gzip", ["gzip"], "gzip"],
];

describe("[S3] Accept-Encoding", () => {
  test.each(cases)("%p of %p is %p", (field, offered, expected) => {
    expect(negotiate(field, offered)).toBe(expected);
    expect(negotiate(field, offered)).toBe(expected);
  });
});
