import { Inject, Injectable } from '@nestjs/common';
import { KindlineError } from '@kindline/contracts';
import { allowsOrigin, CLOCK, type Clock, Shutdown, toKindlineError, within } from '@kindline/platform';
import type { IncomingMessage, Server as HttpServer } from 'node:http';
import type { Duplex } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { Server, type Socket } from 'socket.io';
import { GATEWAY_ENV, type GatewayEnv, transportsOf } from '../gateway-env';
import { GatewayMetrics } from '../gateway-metrics';
import { Absence } from './absence';
import { Admission } from './admission';
import { Arrivals } from './arrivals';
import { clientAddresses } from './client-address';
import { type ClientSocket, Connections, type PersonSocket } from './connections';
import { dismiss, EventRouter, failure } from './event-router';
import { type EngineConnection, gatherFlushes } from './flush-gatherer';
import { hangUp, SIDE_NAMESPACES, type SideNamespace } from './side-namespace';
import { PING_INTERVAL_MS, PING_TIMEOUT_MS } from './silence';
import { SocketAuth } from './socket-auth';

/** We hang up so often, but with many connections more often: those who leave come to the others in their turn. */
const HANG_UP_EVERY_MS = 10;
const LONGEST_SPREAD_MS = 8_000;
/** So long a connection waits for answers to what it has sent. */
const ANSWERS_MS = 5_000;
/** A phone without a network does not answer that we hang up, and ws would wait for it for half a minute. */
const GOODBYES_MS = 1_000;
/** Clients that do as they are told come back within this time; Socket.IO by itself after 0.5 to 1.5 s. */
const RETRY_WITHIN_MS = 1_000;
const LONGEST_REFUSAL_MS = 3_000;
/** The load balancer may try the next replica at once. */
const UNAVAILABLE = 'HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n';

/** The Socket.IO server: who gets in, who is told to go. */
@Injectable()
export class SocketServer {
  private io: Server | undefined;
  private expiry: NodeJS.Timeout | undefined;
  /** What WebSockets run over, until it is closed; engine.io forgets them when it has asked for that. */
  private readonly streams = new Set<Duplex>();

  constructor(
    @Inject(GATEWAY_ENV) private readonly env: GatewayEnv,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly auth: SocketAuth,
    private readonly connections: Connections,
    private readonly router: EventRouter,
    private readonly admission: Admission,
    private readonly absence: Absence,
    private readonly arrivals: Arrivals,
    @Inject(SIDE_NAMESPACES) private readonly beside: SideNamespace[],
    private readonly metrics: GatewayMetrics,
    private readonly shutdown: Shutdown,
  ) {}

  listen(http: HttpServer): void {
    const io = new Server(http, {
      path: '/socket.io',
      serveClient: false,
      transports: transportsOf(this.env),
      perMessageDeflate: false,
      pingInterval: PING_INTERVAL_MS,
      pingTimeout: PING_TIMEOUT_MS,
      // A message far over the limit is still answered with too_large instead of a closed socket.
      maxHttpBufferSize: 4_000_000,
      // Refused before the handshake: after a refusal by a middleware clients would not try again by themselves.
      allowRequest: (request, answer) => {
        const { draining } = this.shutdown;
        // engine.io itself would answer that the request is bad.
        if (draining && request.headers.upgrade) request.socket.end(UNAVAILABLE);
        answer(draining ? 'draining' : null, !draining);
      },
      cors: {
        origin: (origin, answer) => answer(null, !origin || allowsOrigin(this.env, origin)),
      },
    });
    this.io = io;
    http.on('upgrade', (_request, stream: Duplex) => {
      this.streams.add(stream);
      stream.once('close', () => this.streams.delete(stream));
    });
    const addressOf = clientAddresses(this.env.TRUST_PROXY);
    // The handshake's request is not needed any more and would keep its buffers for the socket's life.
    io.engine.on('connection', (connection: EngineConnection) => {
      connection.remoteAddress = addressOf(connection.request as IncomingMessage);
      connection.request = null;
      gatherFlushes(connection);
    });
    io.use((socket, next) => {
      this.admit(socket).then(
        () => next(),
        (error: unknown) => this.refuse(socket, toKindlineError(error), next),
      );
    });
    io.on('connection', (socket) => this.connected(socket));
    for (const namespace of this.beside) namespace.open(io.of(namespace.name));
    this.metrics.sockets(() =>
      this.namespaces().map((name) => [name.slice(1) || 'default', io.of(name).sockets.size]),
    );
    this.expiry = setInterval(() => this.dropExpired(), 1_000);
  }

  /**
   * Tells everybody to come back and hangs up, on one after the other: they shall not all come to the other replicas
   * in one moment. Until its turn a connection works as ever.
   */
  async sendAway(): Promise<void> {
    for (const namespace of this.beside) namespace.drain();
    const connections = [...Map.groupBy(this.sockets(), ({ conn }) => conn)];
    const everyMs = Math.min(HANG_UP_EVERY_MS, LONGEST_SPREAD_MS / connections.length);
    await Promise.all(
      connections.map(async ([connection, sockets], index) => {
        await pause(index * everyMs);
        await this.dismissAll(sockets);
        // Closing the connection rather than disconnecting the socket: clients then reconnect by themselves.
        connection.close();
      }),
    );
  }

  async close(): Promise<void> {
    clearInterval(this.expiry);
    // Those who came after we had looked.
    for (const { conn } of [...this.sockets()]) conn.close();
    // The last acks are on their way.
    await pause(100);
    await this.absence.flush();
    await Promise.all(this.beside.map((namespace) => namespace.settled()));
    await this.cutOff();
    await this.io?.close();
  }

  /** Waits for those who say goodbye, and does not for those who do not. */
  private async cutOff(): Promise<void> {
    const until = Date.now() + GOODBYES_MS;
    while (this.streams.size > 0 && Date.now() < until) await pause(20);
    for (const stream of this.streams) stream.destroy();
  }

  private async dismissAll(sockets: Socket[]): Promise<void> {
    for (const socket of sockets) {
      socket.emit('server_draining', { retryAfterMs: Math.floor(Math.random() * RETRY_WITHIN_MS) });
    }
    await within(ANSWERS_MS, Promise.all(sockets.map(dismiss)));
  }

  private async admit(socket: Socket): Promise<void> {
    const principal = await this.auth.handshake(socket);
    if (!principal) return;
    socket.data = principal;
    // Heads are known before the first message can arrive, so nothing falls between history and live.
    await this.arrivals.track(principal.person.id);
  }

  /**
   * After a refusal Socket.IO does not try again by itself. Where it was no fault of the client's we hang up instead,
   * after a while: they shall not all be back at once while Postgres is away.
   */
  private refuse(socket: Socket, error: KindlineError, next: (refusal: Error) => void): void {
    const ours = error.code === 'unavailable' || error.code === 'internal';
    if (!ours) return next(refusal(error));
    setTimeout(() => socket.conn.close(), Math.random() * LONGEST_REFUSAL_MS).unref();
  }

  private connected(socket: Socket): void {
    const { person, expiresAt } = socket.data as Partial<Pick<PersonSocket, 'person' | 'expiresAt'>>;
    const client: ClientSocket = { id: socket.id, socket };
    this.router.attach(client);
    socket.on('disconnect', (reason) => this.admission.left(client, reason));
    socket.emit('connection_response', { status: 'connected', socket_id: socket.id });
    if (person && expiresAt !== undefined) this.admission.person(client, person, expiresAt);
    else this.admission.guest(client);
  }

  /** Whether somebody is connected, to any namespace. */
  get anybody(): boolean {
    return this.namespaces().some((name) => (this.io?.of(name).sockets.size ?? 0) > 0);
  }

  private *sockets(): Iterable<Socket> {
    for (const name of this.namespaces()) yield* this.io?.of(name).sockets.values() ?? [];
  }

  private namespaces(): string[] {
    return ['/', ...this.beside.map(({ name }) => name)];
  }

  private dropExpired(): void {
    const now = this.clock.now().getTime();
    for (const { expiresAt, socket } of this.connections.all()) {
      if (expiresAt * 1000 > now) continue;
      socket.emit('error', failure(new KindlineError('unauthenticated', 'The token has expired')));
      hangUp(socket, this.beside);
    }
    for (const namespace of this.beside) namespace.dropExpired(now);
  }
}

function refusal(error: KindlineError): Error {
  return Object.assign(new Error(error.message), { data: { code: error.code } });
}
