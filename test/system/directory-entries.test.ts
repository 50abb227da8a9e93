import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDirectory } from "../../src/system/directory-entries.ts";

test("[M2] names of a directory one at a time, each once, whatever is in them", () => {
  const directory = mkdtempSync(join(tmpdir(), "skitai-entries-"));
  try {
    const names = Array.from({ length: 500 }, (_, index) => `${index} ä\n"밥"`).sort();
    for (const name of names) writeFileSync(join(directory, name), "");
    {
      using entries = openDirectory(directory);
      expect([...entries].sort()).toEqual(names);
    }
    const entries = openDirectory(directory);
    for (const name of entries) {
      expect(names).toContain(name);
      break;
    }
    entries[Symbol.dispose]();
    entries[Symbol.dispose]();
    expect([...entries]).toEqual([]);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test("[M2] none there is the system's error; none inside is none", () => {
  expect(() => openDirectory("/no/such/directory")).toThrow("ENOENT");
  const directory = mkdtempSync(join(tmpdir(), "skitai-entries-"));
  try {
    using entries = openDirectory(directory);
    expect([...entries]).toEqual([]);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
