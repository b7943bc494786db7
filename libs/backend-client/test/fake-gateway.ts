import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server, type Socket } from 'socket.io';
import type { Sent } from './fake-api';

type Ack = (answer: object) => void;

/** Answers as the gateway does when all is well. */
export const acceptOnSocket = ({ booking_id, event_id, facilitator_id }: Sent, ack: Ack): void =>
  ack({ ok: true, notification_id: `s-${event_id}`, booking_id, facilitator_id, status: 'delivered' });

/** A stand-in for the chat gateway that behaves as badly as a test wants. */
export class FakeGateway {
  readonly bookings: Sent[] = [];
  readonly tokens: string[] = [];
  /** Most bookings that were unanswered at once; counts only what `onBooking` answers by its ack. */
  mostOpen = 0;
  onConnect = (ack: Ack): void => ack({ ok: true, status: 'authenticated' });
  onBooking: (booking: Sent, ack: Ack, socket: Socket) => void = acceptOnSocket;
  private open = 0;
  private refusing = false;
  private readonly io: Server;

  private constructor(private readonly http: HttpServer) {
    this.io = new Server(http, { transports: ['websocket'] });
    this.io.use((_, next) => next(this.refusing ? new Error('not now') : undefined));
    this.io.on('connection', (socket) => {
      socket.on('backend_connect', ({ token }: { token: string }, ack: Ack) => {
        this.tokens.push(token);
        this.onConnect(ack);
      });
      socket.on('booking_notification', (booking: Sent, ack: Ack) => {
        this.bookings.push(booking);
        this.mostOpen = Math.max(this.mostOpen, ++this.open);
        const answer = (said: object) => {
          this.open--;
          ack(said);
        };
        this.onBooking(booking, answer, socket);
      });
    });
  }

  static async start(): Promise<FakeGateway> {
    const http = createServer();
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    return new FakeGateway(http);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.http.address() as AddressInfo).port}`;
  }

  /** Sends every socket a notice. */
  say(event: string, payload: object): void {
    this.io.emit(event, payload);
  }

  /** Lets in nobody for now: whom a middleware refuses does not come back by itself. */
  refuseHandshakes(refuse: boolean): void {
    this.refusing = refuse;
  }

  /** Closes every connection, as a gateway does at the end of draining: clients come back by themselves. */
  hangUp(): void {
    for (const socket of this.io.of('/').sockets.values()) socket.conn.close();
  }

  /** Ends every socket, as the server: clients do not come back by themselves. */
  dismiss(): void {
    this.io.disconnectSockets(true);
  }

  async stop(): Promise<void> {
    await this.io.close();
  }
}
