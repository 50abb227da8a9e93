import { Hono } from "hono";
import * as skitai from "skitai";

skitai.addOption(null, "--greeting=TEXT", "what the front page says");

const app = new Hono<{ Bindings: skitai.Context }>();
app.get("/hello", (c) =>
  c.text(`${skitai.options.get("--greeting", "Hello World")} from worker ${process.pid}`),
);
app.get("/pets/:id", (c) => {
  skitai.was.log(`pet ${c.req.param("id")} was asked for`);
  return c.json({ id: Number(c.req.param("id")), self: c.env.urlFor(c.req.path), transaction: c.env.gtxnid });
});

skitai.mount("/", app);
skitai.mount("/", "./static");
skitai.mount("/health", () => new Response("ok"));
skitai.mount("/v1", "app_v1/app");
skitai.mount("/v1", "app_v1/static");
skitai.mount("/v2", "app_v2/app:app");
skitai.mount("/v2", "app_v2/static");
skitai.setMaxAge("/", 300);
skitai.logOff("/health", "*.css");

await skitai.run({ port: 5000, workers: 2, name: "petstore" });
