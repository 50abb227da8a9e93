Bun.serve({
  port: Number(process.env["BENCH_PORT"]),
  http2: true,
  fetch: () => new Response("Hello World"),
});
