import { join } from "node:path";

// The least a cluster can be: two processes, nobody watching.
const argv = [process.execPath, join(import.meta.dir, "raw.ts")];
const env = { ...process.env, BENCH_SHARED: "1" };
const workers = [0, 1].map(() => Bun.spawn(argv, { env, stdio: ["ignore", "inherit", "inherit"] }));
await Promise.all(workers.map((worker) => worker.exited));
