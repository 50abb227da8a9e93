import { Hono } from "hono";
import * as skitai from "skitai";
import { run } from "./skitai-run.ts";

const app = new Hono();
app.get("/", (c) => c.text("Hello World"));
skitai.mount("/", app);
await run();
