Bun.serve({
  port: Number(process.env["BENCH_PORT"]),
  fetch(request, server) {
    const { pathname } = new URL(request.url);
    if (pathname === "/") return new Response("Hello World");
    return server.upgrade(request, { data: pathname === "/room" })
      ? undefined
      : new Response(null, { status: 426 });
  },
  websocket: {
    data: false,
    open(socket) {
      if (socket.data) socket.subscribe("all");
    },
    message(socket, message) {
      if (!socket.data) return void socket.send(message);
      socket.publish("all", message);
      socket.send(message);
    },
  },
});
