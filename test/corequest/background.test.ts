import { afterAll, beforeAll, expect, test } from "bun:test";
import { aliasDeclaration } from "../../src/config/alias-options.ts";
import { type Ask, method } from "../../src/corequest/http-calls.ts";
import type { Task } from "../../src/corequest/task.ts";
import { tasks } from "../../src/corequest/tasks.ts";
import { backgroundEnded } from "../../src/system/background.ts";
import { installAlias } from "../../src/upstream/clusters.ts";

const get = method<Ask>("GET");
let gate = Promise.withResolvers<void>();
let server: ReturnType<typeof Bun.serve>;

beforeAll(() => {
  server = Bun.serve({
    port: 0,
    async fetch({ url }) {
      await gate.promise;
      return Response.json({}, { status: url.endsWith("/500") ? 500 : 200 });
    },
  });
  installAlias(aliasDeclaration("@background", "http", `127.0.0.1:${server.port}`, {}));
});
afterAll(async () => {
  gate.resolve();
  await server.stop(true);
});

/** A stop waits for what `begin` starts, and no longer than until it has ended. */
async function waits(begin: () => unknown): Promise<void> {
  gate = Promise.withResolvers<void>();
  expect(await backgroundEnded(0)).toBe(true);
  begin();
  expect(await backgroundEnded(0.02)).toBe(false);
  gate.resolve();
  expect(await backgroundEnded(5)).toBe(true);
}

const call = (path = "/"): Task => get(`@background${path}`);

test("[Q7] a stop waits for a task that returning took over, a shared one too", async () => {
  await waits(() => call().returning(1));
  await waits(() => {
    const shared = call();
    shared.share();
    shared.returning(1);
  });
  await waits(() => call().follow().returning(1));
  await waits(() => tasks([call(), call()]).returning(1));
});

test("[Q7] a stop waits for then(callback), and for its callback", async () => {
  let called = 0;
  await waits(() => void call().then(() => called++));
  await waits(() => void tasks([call(), call()]).then(() => called++));
  await waits(() => void call().then(() => gate.promise.then(() => Bun.sleep(20)).then(() => called++)));
  expect(called).toBe(3);
});

test("[Q7] errors of then(callback) are the caller's, who catches them once", async () => {
  const unhandled: unknown[] = [];
  const listen = (reason: unknown): void => void unhandled.push(reason);
  process.on("unhandledRejection", listen);
  try {
    const caught: unknown[] = [];
    await waits(() => {
      call("/500")
        .then(() => 1)
        .catch((error: unknown) => caught.push(error));
      tasks([call("/500"), call("/500")])
        .then(() => 1)
        .catch((error: unknown) => caught.push(error));
    });
    await Bun.sleep(0);
    expect([caught.length, unhandled.length]).toEqual([2, 0]);
  } finally {
    process.off("unhandledRejection", listen);
  }
});
