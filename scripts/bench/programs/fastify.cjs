const { createRequire } = require("node:module");

const fastify = createRequire(`${process.env.BENCH_PACKAGES}/`)("fastify");
const app = fastify();
app.get("/", (_request, reply) => reply.type("text/plain").send("Hello World"));
app.listen({ port: Number(process.env.BENCH_PORT) });
