Bun.serve({
  port: Number(process.env["BENCH_PORT"]),
  http2: true,
  tls: { cert: Bun.file(process.env["BENCH_CERT"]!), key: Bun.file(process.env["BENCH_KEY"]!) },
  fetch: () => new Response("Hello World"),
});
