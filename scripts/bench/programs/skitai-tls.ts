import * as skitai from "skitai";
import { run } from "./skitai-run.ts";

skitai.mount("/", () => new Response("Hello World"));
skitai.enableSsl(process.env["BENCH_CERT"]!, process.env["BENCH_KEY"]!);
await run();
