import { createServer } from 'node:http';
import { Server } from 'socket.io';

/**
 * The floor: what Socket.IO itself costs. It authenticates nobody, checks nothing and stores nothing; a
 * message goes to the room its connection named, as it came, and is acked.
 */
const http = createServer();
const io = new Server(http, {
  path: '/socket.io',
  serveClient: false,
  transports: ['websocket'],
  perMessageDeflate: false,
  pingInterval: 25_000,
  pingTimeout: 20_000,
});

io.on('connection', (socket) => {
  const { chat } = socket.handshake.query;
  if (typeof chat === 'string') void socket.join(chat);
  socket.on('chat_message', (message: { chat_id: string }, ack: (answer: object) => void) => {
    socket.to(message.chat_id).emit('chat_message', message);
    ack({ ok: true });
  });
});

http.listen(Number(process.env['PORT']), '127.0.0.1');
process.on('disconnect', () => process.exit(0));
process.on('SIGTERM', () => process.exit(0));
