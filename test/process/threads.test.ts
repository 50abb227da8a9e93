import { join } from "node:path";
import { expect, test } from "bun:test";
import { testClient } from "../../src/testing/index.ts";

const script = join(import.meta.dir, "fixtures/pool.ts");

for (const threads of [2, 7]) {
  test(`[W8] a worker's background pool has ${threads} threads`, async () => {
    await using cli = await testClient(script, 0, { args: [`--threads=${threads}`] });
    expect((await cli.get<number>("/")).data).toBe(threads);
  });
}
