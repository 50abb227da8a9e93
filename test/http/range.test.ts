import { describe, expect, test } from "bun:test";
import { multipartParts, parseRange } from "../../src/http/range.ts";

type Expected = [number, number][] | "unsatisfiable" | undefined;

const cases: [field: string, size: number, expected: Expected][] = [
  ["bytes=0-0", 10, [[0, 1]]],
  ["bytes=0-9", 10, [[0, 10]]],
  ["bytes=0-99", 10, [[0, 10]]],
  ["bytes=5-", 10, [[5, 10]]],
  ["bytes=-3", 10, [[7, 10]]],
  ["bytes=-99", 10, [[0, 10]]],
  ["BYTES=1-2", 10, [[1, 3]]],
  [
    "bytes=0-1,5-6",
    10,
    [
      [0, 2],
      [5, 7],
    ],
  ],
  [
    "bytes=5-6, 0-1",
    10,
    [
      [5, 7],
      [0, 2],
    ],
  ],
  [
    "bytes= 0-1 , ,5-6,",
    10,
    [
      [0, 2],
      [5, 7],
    ],
  ],
  ["bytes=0-1,99-", 10, [[0, 2]]],
  ["bytes=0-4,2-6", 10, [[0, 7]]],
  ["bytes=0-,0-,0-", 10, [[0, 10]]],
  [
    "bytes=0-1,4-5,1-4,8-8",
    10,
    [
      [0, 6],
      [8, 9],
    ],
  ],
  [
    "bytes=0-4,5-9",
    10,
    [
      [0, 5],
      [5, 10],
    ],
  ],
  ["bytes=10-", 10, "unsatisfiable"],
  ["bytes=10-20,-0", 10, "unsatisfiable"],
  ["bytes=-0", 10, "unsatisfiable"],
  ["bytes=0-", 0, "unsatisfiable"],
  ["bytes=99999999999999999999-", 10, "unsatisfiable"],
  ["bytes=0-99999999999999999999999", 10, [[0, 10]]],
  ["bytes=5-1", 10, undefined],
  ["bytes=0-1,5-1", 10, undefined],
  ["bytes=", 10, undefined],
  ["bytes=-", 10, undefined],
  ["bytes=a-b", 10, undefined],
  ["bytes=1", 10, undefined],
  ["bytes=0x1-2", 10, undefined],
  ["bytes=--1", 10, undefined],
  ["bytes 0-1", 10, undefined],
  ["items=0-1", 10, undefined],
  ["", 10, undefined],
  [
    `bytes=${Array.from({ length: 16 }, (_, i) => `${i * 2}-${i * 2}`).join()}`,
    99,
    Array.from({ length: 16 }, (_, i) => [i * 2, i * 2 + 1]),
  ],
  [`bytes=${Array.from({ length: 17 }, (_, i) => `${i * 2}-${i * 2}`).join()}`, 99, undefined],
  [`bytes=${"0-,".repeat(10_000)}`, 99, undefined],
];

describe("[S1] Range", () => {
  test.each(cases)("%s of %d bytes", (field, size, expected) => {
    const ranges = parseRange(field, size);
    expect(
      Array.isArray(ranges)
        ? ranges.map(({ start, end }) => [start, end] as [number, number])
        : (ranges as Expected),
    ).toEqual(expected);
  });

  test("[S1] multipart parts are framed as RFC 9110 §14.6 shows", () => {
    const parts = multipartParts(
      [
        { start: 0, end: 2 },
        { start: 5, end: 7 },
      ],
      10,
      "text/plain",
      "B",
    );
    expect(parts).toEqual([
      "--B\r\nContent-Type: text/plain\r\nContent-Range: bytes 0-1/10\r\n\r\n",
      { start: 0, end: 2 },
      "\r\n--B\r\nContent-Type: text/plain\r\nContent-Range: bytes 5-6/10\r\n\r\n",
      { start: 5, end: 7 },
      "\r\n--B--\r\n",
    ]);
  });
});
