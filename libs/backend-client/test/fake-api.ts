import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Booking } from '../src';

export type Sent = Booking & { event_id: string };

/** One request as the fake got it. */
export interface Request {
  path: string;
  headers: IncomingHttpHeaders;
  text: string;
  body: Sent | Sent[];
  /** Also of a single one. */
  bookings: Sent[];
}

export type Reply = (request: Request, response: ServerResponse, number: number) => void;

export function json(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
) {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

export function problem(
  response: ServerResponse,
  status: number,
  code: string,
  headers: Record<string, string> = {},
) {
  json(
    response,
    status,
    { type: 'about:blank', title: code, status, detail: `because of ${code}`, code },
    headers,
  );
}

/** Answers as the session API does when all is well. */
export const accept: Reply = ({ body, bookings }, response) => {
  const each = bookings.map(({ booking_id, event_id }) => ({
    booking_id,
    notification_id: `n-${event_id}`,
    status: 'stored',
  }));
  json(response, 202, Array.isArray(body) ? { results: each } : each[0]);
};

/** In turn; the last one answers all that follow. */
export const inTurn =
  (...replies: Reply[]): Reply =>
  (request, response, number) =>
    (replies[number] ?? replies.at(-1) ?? accept)(request, response, number);

/** A stand-in for the session API that behaves as badly as a test wants. */
export class FakeApi {
  readonly requests: Request[] = [];
  /** Most requests that were open at once. */
  mostOpen = 0;
  reply: Reply = accept;
  private open = 0;
  private waiting: (() => void)[] = [];

  private constructor(private readonly server: Server) {}

  static async start(): Promise<FakeApi> {
    const server = createServer((request, response) => void api.take(request, response));
    const api: FakeApi = new FakeApi(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return api;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Resolves when that many requests have arrived. */
  async arrived(count: number): Promise<void> {
    while (this.requests.length < count) await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async take(message: IncomingMessage, response: ServerResponse): Promise<void> {
    this.mostOpen = Math.max(this.mostOpen, ++this.open);
    response.on('close', () => this.open--);
    let text = '';
    for await (const part of message.setEncoding('utf8')) text += String(part);
    const body = JSON.parse(text) as Sent | Sent[];
    const bookings = Array.isArray(body) ? body : [body];
    const request = { path: message.url ?? '', headers: message.headers, text, body, bookings };
    this.requests.push(request);
    for (const wake of this.waiting.splice(0)) wake();
    this.reply(request, response, this.requests.length - 1);
  }
}

export function booking(id: number | string = 1, more: Partial<Booking> = {}): Booking {
  return {
    booking_id: id,
    user: { id: 5, name: 'Jane Smith', email: 'jane@example.com' },
    session: { id: 1, title: 'Morning Meditation', start_time: '2024-01-15T09:00:00' },
    facilitator_id: 2,
    ...more,
  };
}
