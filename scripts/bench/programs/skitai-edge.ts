import * as skitai from "skitai";
import { run } from "./skitai-run.ts";

/** A reverse proxy, with what `BENCH_EDGE` says before it. */
const { BENCH_EDGE, BENCH_UPSTREAM, BENCH_CACHE, BENCH_SECRET } = process.env;
skitai.alias("@upstream", skitai.PROTO_HTTP, BENCH_UPSTREAM!);
if (BENCH_EDGE === "cache") skitai.enableCacheFs({ memMax: "64mb" });
// So little memory that each of many answers is asked of the disk.
if (BENCH_EDGE === "cache-disk") skitai.enableCacheFs({ path: BENCH_CACHE!, memMax: "1mb" });
if (BENCH_EDGE === "jwt") skitai.enableGateway(true, BENCH_SECRET!);
skitai.mount("/", "@upstream");
await run();
