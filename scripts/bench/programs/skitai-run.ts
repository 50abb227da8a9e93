import * as skitai from "skitai";

const { BENCH_LOGS, BENCH_PORT, BENCH_WORKERS, BENCH_NAME } = process.env;

/** What all of our programs do after their mounts: log to files and serve. */
export async function run(): Promise<void> {
  skitai.enableFileLogging(BENCH_LOGS ?? "");
  await skitai.run({
    port: Number(BENCH_PORT),
    workers: Number(BENCH_WORKERS),
    name: BENCH_NAME ?? "bench",
  });
}
