import { expect, test } from "bun:test";
import { chmodSync } from "node:fs";
import { join } from "node:path";
import { temporary, writeFiles } from "./served.ts";

test("[S4] without privileges: big files are served, one that may not be read is not there", async () => {
  using place = temporary();
  chmodSync(place.path, 0o755);
  const big = new Uint8Array(3_000_000).fill(7);
  writeFiles(place.path, {
    "/big.bin": big,
    "/small.txt": "small",
    "/locked.txt": "locked",
    "/locked/a.txt": "locked",
  });
  for (const locked of ["locked.txt", "locked"]) chmodSync(join(place.path, locked), 0);
  const server = Bun.spawn([process.execPath, join(import.meta.dir, "as-nobody.ts"), place.path], {
    stdin: "pipe",
    stdout: "pipe",
    stderr: "inherit",
  });
  const { value } = await server.stdout.getReader().read();
  const url = `http://127.0.0.1:${new TextDecoder().decode(value).trim()}`;
  const get = async (path: string, range = "") => {
    const response = await fetch(url + path, { headers: range === "" ? {} : { range } });
    return [response.status, (await response.arrayBuffer()).byteLength];
  };
  expect(await get("/big.bin")).toEqual([200, 3_000_000]);
  expect(await get("/big.bin", "bytes=10-19")).toEqual([206, 10]);
  expect((await get("/big.bin", "bytes=10-19,30-39"))[0]).toBe(206);
  expect(await get("/small.txt")).toEqual([200, 5]);
  expect(await get("/locked.txt")).toEqual([404, 4]);
  expect(await get("/locked/a.txt")).toEqual([404, 4]);
  server.stdin.end();
  expect(await server.exited).toBe(0);
  chmodSync(join(place.path, "locked"), 0o755);
});
