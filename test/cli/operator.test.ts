import { copyFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "bun:test";
import { Watched } from "../process/operator-support.ts";
import { eventually, fixture } from "../process/support.ts";
import { install, openDirectory, skitai } from "./support.ts";

test("[Y2] [U1] [U2] [U5] the executable has metrics, status page and schedules, without a package beside it", async () => {
  const directory = openDirectory();
  try {
    install(directory);
    copyFileSync(fixture("operator.ts"), join(directory, "serve.ts"));
    const built = await skitai(["build", "serve.ts", "--outfile", "petstore"], directory);
    expect(built).toMatchObject({ exitCode: 0, stderr: "" });
    for (const name of ["serve.ts", "node_modules"])
      rmSync(join(directory, name), { recursive: true, force: true });
    await using watched = await Watched.start(["--workers=2"], { EVERY_SECOND: "1" }, [
      join(directory, "petstore"),
    ]);
    await watched.get("/shop");
    await watched.get("/fail");
    const metrics = await watched.metrics();
    expect(metrics.get('skitai_http_request_duration_seconds_count{mount="/shop",class="2xx"}')).toBe(1);
    expect(metrics.get("skitai_workers")).toBe(2);
    const page = await fetch(await watched.service.url("/status"), { headers: { accept: "text/html" } });
    expect(await page.text()).toContain("Error: cannot open postgres://***@db/shop");
    await eventually(
      async () => (await watched.lines()).filter((line) => line.startsWith("end")).length >= 2,
    );
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}, 60_000);
