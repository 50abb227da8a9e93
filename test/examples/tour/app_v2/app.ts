import { Hono } from "hono";

export const app = new Hono();
app.get("/", (c) => c.text("Hello World Ver.2\n"));
app.post("/pets", async (c) => c.json({ created: await c.req.json() }, 201));
