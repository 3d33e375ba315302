// An echo server with Node.js. Each socket is piped into itself.
import { createServer } from "node:net";

const server = createServer({ noDelay: true }, (socket) => {
  socket.on("error", () => socket.destroy());
  socket.pipe(socket);
});

server.listen({ host: "127.0.0.1", port: 0, backlog: 4096 }, () => {
  console.error(`listening on 127.0.0.1 port ${server.address().port}`);
});
