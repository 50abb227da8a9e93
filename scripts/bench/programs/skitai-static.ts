import * as skitai from "skitai";
import { run } from "./skitai-run.ts";

skitai.mount("/", process.env["BENCH_SITE"] ?? ".");
await run();
