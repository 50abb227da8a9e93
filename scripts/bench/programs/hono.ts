import { Hono } from "hono";

const app = new Hono();
app.get("/", (c) => c.text("Hello World"));
Bun.serve({ port: Number(process.env["BENCH_PORT"]), fetch: app.fetch });
