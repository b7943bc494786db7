import { Inject, Injectable } from '@nestjs/common';
import { KindlineError } from '@kindline/contracts';
import { allowsOrigin, CLOCK, type Clock, toKindlineError } from '@kindline/platform';
import type { IncomingMessage, Server as HttpServer } from 'node:http';
import { Server, type Socket } from 'socket.io';
import { GATEWAY_ENV, type GatewayEnv, transportsOf } from '../gateway-env';
import { GatewayMetrics } from '../gateway-metrics';
import { Absence } from './absence';
import { Admission } from './admission';
import { Arrivals } from './arrivals';
import { clientAddresses } from './client-address';
import { type ClientSocket, Connections, type PersonSocket } from './connections';
import { EventRouter, failure } from './event-router';
import { type EngineConnection, gatherFlushes } from './flush-gatherer';
import { hangUp, SIDE_NAMESPACES, type SideNamespace } from './side-namespace';
import { PING_INTERVAL_MS, PING_TIMEOUT_MS } from './silence';
import { SocketAuth } from './socket-auth';

/** The Socket.IO server: who gets in, who is told to go. */
@Injectable()
export class SocketServer {
  private io: Server | undefined;
  private expiry: NodeJS.Timeout | undefined;
  private draining = false;

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
      allowRequest: (_request, answer) => answer(this.draining ? 'draining' : null, !this.draining),
      cors: {
        origin: (origin, answer) => answer(null, !origin || allowsOrigin(this.env, origin)),
      },
    });
    this.io = io;
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
        (error: unknown) => next(refusal(error)),
      );
    });
    io.on('connection', (socket) => this.connected(socket));
    for (const namespace of this.beside) namespace.open(io.of(namespace.name));
    this.metrics.sockets(() =>
      this.namespaces().map((name) => [name.slice(1) || 'default', io.of(name).sockets.size]),
    );
    this.expiry = setInterval(() => this.dropExpired(), 1_000);
  }

  /** Takes no more sockets and no more events, and tells everybody to come back elsewhere, spread over a few seconds. */
  drain(): void {
    this.draining = true;
    this.router.close();
    for (const namespace of this.beside) namespace.drain();
    for (const socket of this.sockets()) {
      socket.emit('server_draining', { retryAfterMs: Math.floor(Math.random() * 5_000) });
    }
  }

  async close(): Promise<void> {
    clearInterval(this.expiry);
    // The last acks are on their way.
    await new Promise((resolve) => setTimeout(resolve, 100));
    // Closing the connection rather than disconnecting the socket: clients then reconnect by themselves.
    for (const socket of [...this.sockets()]) socket.conn.close();
    await this.absence.flush();
    await Promise.all(this.beside.map((namespace) => namespace.settled()));
    await this.io?.close();
  }

  private async admit(socket: Socket): Promise<void> {
    const principal = await this.auth.handshake(socket);
    if (!principal) return;
    socket.data = principal;
    // Heads are known before the first message can arrive, so nothing falls between history and live.
    await this.arrivals.track(principal.person.id);
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

function refusal(cause: unknown): Error {
  const error = toKindlineError(cause);
  return Object.assign(new Error(error.message), { data: { code: error.code } });
}
