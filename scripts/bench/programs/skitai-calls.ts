import * as skitai from "skitai";
import { run } from "./skitai-run.ts";

const { BENCH_HANDLER, BENCH_STYLE } = process.env;
const handlers =
  BENCH_STYLE === "bare" ? (await import("./calls-bare.ts")).bare : (await import("./calls-tasks.ts")).tasks;
skitai.mount("/", handlers[BENCH_HANDLER!]!());
await run();
