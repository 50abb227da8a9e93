Bun.serve({
  port: Number(process.env["BENCH_PORT"]),
  reusePort: process.env["BENCH_SHARED"] === "1",
  fetch: () => new Response("Hello World"),
});
