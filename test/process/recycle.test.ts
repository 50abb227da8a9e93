import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "bun:test";
import { StrictLoad } from "./reload-load.ts";
import { eventually, Service } from "./support.ts";

const file = join(mkdtempSync(join(tmpdir(), "recycle-")), "version");
writeFileSync(file, "one");

/** Under load, until both workers were replaced; nothing fails, and there are never more than one worker too many. */
async function replacements(args: readonly string[], reason: RegExp): Promise<void> {
  await using service = await Service.ready("versioned.ts", {
    args: ["--workers=2", ...args],
    env: { VERSION: file },
  });
  const before = await service.workers();
  const load = new StrictLoad(await service.port()).fresh(8).kept(8);
  let most = 0;
  // Looked for all the time: of a long output only the end is kept.
  let said = false;
  await eventually(async () => {
    const now = await service.workers();
    most = Math.max(most, now.length);
    said ||= reason.test(service.stdout.text);
    return now.length === 2 && !now.some((pid) => before.includes(pid));
  }, 12);
  await load.end();
  expect(load.failures).toEqual([]);
  expect(said).toBe(true);
  expect(most).toBe(3);
}

test(
  "[W3] workers are replaced after maxRequests, one after another, and no request fails",
  () => replacements(["--max-requests=200"], /worker #0 is replaced: it answered \d+ requests/),
  15_000,
);

test(
  "[W3] workers are replaced after maxAge",
  () => replacements(["--max-age=0.5"], /worker #0 is replaced: it served \d s/),
  15_000,
);

test(
  "[W3] workers over maxMemory are replaced",
  () => replacements(["--max-memory=10mb"], /worker #0 is replaced: it uses \d+ MB/),
  15_000,
);

test(
  "[W3] an overloaded worker is replaced",
  () =>
    replacements(
      ["--critical-cpu=1", "--critical-checks=2", "--critical-interval=0.5"],
      /worker #0 is replaced: it used \d+ % CPU in 2 checks in a row/,
    ),
  15_000,
);
