const { createServer } = require("node:http");

createServer((_request, response) => {
  response.writeHead(200, { "content-type": "text/plain", "content-length": 11 });
  response.end("Hello World");
}).listen(Number(process.env.BENCH_PORT));
