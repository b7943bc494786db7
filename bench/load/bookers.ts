import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { io, type Socket } from 'socket.io-client';
import { Histogram } from './histogram';
import type { BookingLoad, BookingResult, FacilitatorPlayer } from './protocol';

const DRAIN_STEPS = 200;

/** What was seen since the last mark, and what is still expected. */
class Bookkeeping {
  /** @param listening whether the facilitators are played as well */
  constructor(private readonly listening: boolean) {}

  answered = 0;
  received = 0;
  total = 0;
  wrong = 0;
  receiptLatency = Histogram.empty();
  answerLatency = Histogram.empty();
  sending = true;
  /** Bookings that were answered as delivered and not received yet, by booking id. */
  readonly owed = new Set<string>();
  readonly early = new Set<string>();

  mark(): void {
    this.answered = this.received = 0;
    this.receiptLatency = Histogram.empty();
    this.answerLatency = Histogram.empty();
  }

  answer(bookingId: string, delivered: boolean, began: number): void {
    this.answered += 1;
    this.total += 1;
    this.answerLatency.record(performance.now() - began);
    if (delivered && this.listening && !this.early.delete(bookingId)) this.owed.add(bookingId);
  }

  receive(
    facilitator: FacilitatorPlayer,
    { booking_id, session }: { booking_id: string; session: { title: string } },
  ): void {
    this.received += 1;
    const [owner, began] = session.title.split(' ');
    if (owner !== facilitator.id) this.wrong += 1;
    this.receiptLatency.record(performance.now() - Number(began));
    if (!this.owed.delete(booking_id)) this.early.add(booking_id);
  }
}

/** Plays backends and their facilitators until the window is over, and waits for what is under way. */
export async function publishBookings(load: BookingLoad): Promise<BookingResult> {
  const books = new Bookkeeping(load.connected);
  const sockets: Socket[] = [];
  if (load.connected) {
    sockets.push(
      ...(await Promise.all(load.facilitators.map((one) => facilitator(load.socketUrl, one, books)))),
    );
  }
  const backends = Array.from({ length: load.backends }, (_, index) => index);
  const loops: Promise<void>[] = [];
  const agent = new Agent({ keepAlive: true });
  if (load.httpUrl === undefined) {
    for (const socket of await Promise.all(backends.map(() => backend(load)))) {
      sockets.push(socket);
      loops.push(overSocket(socket, load, books));
    }
  } else {
    for (const _ of backends) {
      for (let lane = 0; lane < load.inFlight; lane++) loops.push(overHttp(agent, load, books));
    }
  }
  await sleep(load.warmUpMs);
  books.mark();
  const [began, cpu] = [performance.now(), process.cpuUsage()];
  await sleep(load.windowMs);
  const { answered, received, receiptLatency, answerLatency } = books;
  const seconds = (performance.now() - began) / 1_000;
  const { user, system } = process.cpuUsage(cpu);
  books.sending = false;
  await Promise.all(loops);
  for (let step = 0; step < DRAIN_STEPS && books.owed.size > 0; step++) await sleep(20);
  for (const socket of sockets) socket.disconnect();
  agent.destroy();
  return {
    kind: 'booked',
    seconds,
    answered,
    received,
    total: books.total,
    wrong: books.wrong + books.owed.size,
    receiptLatency: receiptLatency.toJSON(),
    answerLatency: answerLatency.toJSON(),
    cpuSeconds: (user + system) / 1e6,
  };
}

let made = 0;

/** The title says whose it is and when it was published; both ends play in this process. */
function booking({ facilitators }: BookingLoad) {
  const { id = '' } = facilitators[made % facilitators.length] ?? {};
  made += 1;
  return {
    booking_id: `${process.pid}-${made}`,
    user: { id: made, name: 'Jane Smith', email: 'jane@example.com' },
    session: {
      id: 1,
      title: `${id} ${performance.now().toFixed(3)} Morning Meditation`,
      start_time: '2024-01-15T09:00:00',
    },
    facilitator_id: id,
  };
}

function overSocket(socket: Socket, { inFlight, ...load }: BookingLoad, books: Bookkeeping): Promise<void> {
  const underWay = new Map<string, number>();
  return new Promise((resolve) => {
    const send = (): void => {
      const one = booking({ inFlight, ...load });
      underWay.set(one.booking_id, performance.now());
      socket.emit('booking_notification', one);
    };
    const next = (bookingId: string): number => {
      const began = underWay.get(bookingId) ?? NaN;
      underWay.delete(bookingId);
      if (books.sending) send();
      else if (underWay.size === 0) resolve();
      return began;
    };
    const answered = (delivered: boolean) => (outcome: { booking_id: string }) =>
      books.answer(outcome.booking_id, delivered, next(outcome.booking_id));
    socket.on('notification_delivered', answered(true));
    socket.on('notification_stored', answered(false));
    socket.on('notification_error', ({ booking_id }: { booking_id: string }) => {
      books.wrong += 1;
      next(booking_id);
    });
    while (underWay.size < inFlight) send();
  });
}

async function overHttp(agent: Agent, load: BookingLoad, books: Bookkeeping): Promise<void> {
  while (books.sending) {
    const batch = Array.from({ length: load.batch }, () => booking(load));
    const began = performance.now();
    const { results } = await post(agent, load, JSON.stringify(batch));
    for (const result of results) {
      if (result.status === undefined) books.wrong += 1;
      else books.answer(result.booking_id, result.status === 'delivered', began);
    }
  }
}

interface Answer {
  results: { booking_id: string; status?: string }[];
}

function post(agent: Agent, { httpUrl, serviceToken }: BookingLoad, body: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${serviceToken}`,
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
    };
    const sent = request(
      `${httpUrl}/api/bookings/notifications`,
      { method: 'POST', agent, headers },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          if (response.statusCode === 202) resolve(JSON.parse(text) as Answer);
          else reject(new Error(`a batch was answered with ${response.statusCode}: ${text.slice(0, 200)}`));
        });
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

const connect = (url: string): Socket =>
  io(url, { transports: ['websocket'], forceNew: true, reconnection: false });

async function backend({ socketUrl, serviceToken }: BookingLoad): Promise<Socket> {
  const socket = connect(socketUrl);
  socket.emit('backend_connect', { token: serviceToken });
  await answered(socket, 'backend_auth_success');
  return socket;
}

async function facilitator(url: string, player: FacilitatorPlayer, books: Bookkeeping): Promise<Socket> {
  const socket = connect(url);
  socket.on('new_booking_notification', (notification) => books.receive(player, notification));
  socket.emit('facilitator_connect', { facilitator_id: player.id, token: player.token });
  await answered(socket, 'facilitator_auth_success');
  return socket;
}

function answered(socket: Socket, event: string): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once(event, () => resolve());
    socket.once('connect_error', reject);
    socket.once('auth_error', ({ error }: { error: string }) => reject(new Error(error)));
  });
}
