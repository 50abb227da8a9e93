const { createServer } = require("node:http");
const { createRequire } = require("node:module");

const { WebSocketServer } = createRequire(`${process.env.BENCH_PACKAGES}/`)("ws");

const server = createServer((_request, response) => {
  response.writeHead(200, { "content-type": "text/plain", "content-length": 11 });
  response.end("Hello World");
});
new WebSocketServer({ server }).on("connection", (socket) => {
  socket.on("message", (message, binary) => socket.send(message, { binary }));
});
server.listen(Number(process.env.BENCH_PORT));
