import { bare } from "./calls-bare.ts";

const { BENCH_PORT, BENCH_HANDLER } = process.env;
Bun.serve({ port: Number(BENCH_PORT), fetch: bare[BENCH_HANDLER!]!() });
