import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

const CHECK_EVERY_MS = 1_000;
/** A replica is left out after so many failed checks, and taken in again after one good one. */
const FALL = 2;

interface Replica {
  port: number;
  failed: number;
}

/**
 * A load balancer as HAProxy is one: asks each replica whether it is ready, gives connections to the ready ones in
 * turn, and to the next one where a replica does not answer. It does not look into what it carries.
 */
export class Balancer {
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();
  private readonly replicas: Replica[];
  private readonly timer: NodeJS.Timeout;

  private constructor(ports: readonly number[]) {
    this.replicas = ports.map((port) => ({ port, failed: 0 }));
    this.server = createServer((client) => this.carry(this.keep(client)));
    this.timer = setInterval(() => void this.check(), CHECK_EVERY_MS);
  }

  static async start(ports: readonly number[]): Promise<Balancer> {
    const balancer = new Balancer(ports);
    await new Promise<void>((resolve) => balancer.server.listen(0, '127.0.0.1', resolve));
    return balancer;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  stop(): void {
    clearInterval(this.timer);
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
  }

  private async check(): Promise<void> {
    await Promise.all(
      this.replicas.map(async (replica) => {
        const ready = await fetch(`http://127.0.0.1:${replica.port}/health/ready`, {
          signal: AbortSignal.timeout(CHECK_EVERY_MS),
        }).then(
          ({ ok }) => ok,
          () => false,
        );
        replica.failed = ready ? 0 : replica.failed + 1;
      }),
    );
  }

  private carry(client: Socket, [replica, ...others] = this.ready()): void {
    if (!replica) return void client.destroy();
    const upstream = this.keep(connect(replica.port, '127.0.0.1'));
    const refused = (): void => this.carry(client, others);
    upstream.once('error', refused);
    upstream.once('connect', () => {
      upstream.off('error', refused);
      join(client, upstream);
      join(upstream, client);
    });
  }

  /** The next one's turn first. */
  private ready(): Replica[] {
    this.replicas.push(...this.replicas.splice(0, 1));
    return this.replicas.filter(({ failed }) => failed < FALL);
  }

  private keep(socket: Socket): Socket {
    this.sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.sockets.delete(socket));
    return socket;
  }
}

function join(from: Socket, to: Socket): void {
  from.pipe(to);
  from.on('close', () => to.destroy());
}
