import * as skitai from "skitai";
import { run } from "./skitai-run.ts";

skitai.mount("/", () => new Response("Hello World"));
await run();
