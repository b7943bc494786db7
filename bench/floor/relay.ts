import { createServer, type IncomingMessage } from 'node:http';
import { Server } from 'socket.io';

/**
 * The floor: what Socket.IO itself costs. It authenticates nobody, checks nothing and stores nothing; a
 * message goes to the room its connection named and is acked, in a conversation as it came, in an anonymous session
 * with the fields that Kindline adds; a booking goes to its facilitator, a request to everybody who watches.
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

interface Booking {
  booking_id: string;
  facilitator_id: string;
  user: { name: string };
  session: { title: string };
}

let booked = 0;
let asked = 0;
let said = 0;

function relay({ facilitator_id, ...booking }: Booking) {
  const [at, notification_id] = [new Date().toISOString(), String((booked += 1))];
  io.to(facilitator_id).emit('new_booking_notification', {
    type: 'new_booking',
    ...booking,
    timestamp: at,
    message: `New booking from ${booking.user.name} for ${booking.session.title}`,
    notification_id,
    stored_at: at,
  });
  return { notification_id, booking_id: booking.booking_id, facilitator_id };
}

io.on('connection', (socket) => {
  const { chat, watches } = socket.handshake.query;
  if (typeof chat === 'string') void socket.join(chat);
  if (watches !== undefined) void socket.join('volunteers');
  socket.on('seeker:request', (request: object, ack: (answer: object) => void) => {
    const requestId = String((asked += 1));
    io.to('volunteers').emit('seeker:incoming', { ...request, requestId });
    ack({ ok: true, requestId, notified: io.of('/').adapter.rooms.get('volunteers')?.size ?? 0 });
  });
  socket.on('request:cancel', ({ seniorId }: { seniorId: string }, ack: (answer: object) => void) => {
    io.to('volunteers').emit('request:cancelled', { seniorId });
    ack({ ok: true });
  });
  socket.on('chat_message', (message: { chat_id: string }, ack: (answer: object) => void) => {
    socket.to(message.chat_id).emit('chat_message', message);
    ack({ ok: true });
  });
  socket.on('backend_connect', () => socket.emit('backend_auth_success'));
  socket.on('facilitator_connect', async ({ facilitator_id }: Pick<Booking, 'facilitator_id'>) => {
    await socket.join(facilitator_id);
    socket.emit('facilitator_auth_success', { facilitator_id });
  });
  socket.on('booking_notification', (booking: Booking) =>
    socket.emit('notification_delivered', relay(booking)),
  );
});

io.of('/counseling').on('connection', (socket) => {
  const sessionId = String(socket.handshake.query['chat']);
  const from = socket.id;
  void socket.join(sessionId);
  socket.on('message', ({ content }: { content: string }, ack: (answer: object) => void) => {
    const [id, timestamp] = [`${sessionId}:${(said += 1)}`, new Date().toISOString()];
    socket.to(sessionId).emit('message', { id, sessionId, from, content, timestamp, type: 'chat_message' });
    ack({ ok: true, id, timestamp, duplicate: false });
  });
});

/** A batch of bookings. */
async function relayAll(request: IncomingMessage): Promise<object> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const batch = JSON.parse(Buffer.concat(chunks).toString()) as Booking[];
  return { results: batch.map((booking) => ({ ...relay(booking), status: 'delivered' })) };
}

http.on('request', (request, response) => {
  if (request.method !== 'POST' || request.url !== '/api/bookings/notifications') return;
  void relayAll(request).then((answer) => response.writeHead(202).end(JSON.stringify(answer)));
});
http.listen(Number(process.env['PORT']), '127.0.0.1');
process.on('disconnect', () => process.exit(0));
process.on('SIGTERM', () => process.exit(0));
