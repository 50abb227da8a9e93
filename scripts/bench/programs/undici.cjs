const { createServer } = require("node:http");
const { join } = require("node:path");
const { Pool } = require(join(process.env.BENCH_PACKAGES, "node_modules/undici"));

const pool = new Pool(`http://${process.env.BENCH_UPSTREAM}`, { connections: 128, pipelining: 1 });
const hopByHop = [
  "connection",
  "keep-alive",
  "transfer-encoding",
  "upgrade",
  "te",
  "trailer",
  "proxy-authorization",
];

createServer((request, response) => {
  const headers = { ...request.headers, "x-forwarded-for": request.socket.remoteAddress, via: "1.1 node" };
  for (const name of hopByHop) delete headers[name];
  const options = { method: request.method, path: request.url, headers, opaque: response };
  pool.stream(
    options,
    ({ statusCode, headers, opaque }) => {
      for (const name of hopByHop) delete headers[name];
      return opaque.writeHead(statusCode, headers);
    },
    (error) => error && response.destroy(error),
  );
}).listen(Number(process.env.BENCH_PORT));
