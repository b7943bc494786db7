import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** What lies between a client and its gateway. */
export class Wire {
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();
  private isDeaf = false;

  private constructor(port: number) {
    this.server = createServer((client) => {
      const gateway = connect(port, '127.0.0.1');
      for (const [socket, other] of [
        [client, gateway],
        [gateway, client],
      ] as const) {
        this.sockets.add(socket);
        socket.on('error', () => undefined);
        socket.on('close', () => {
          this.sockets.delete(socket);
          other.destroy();
        });
      }
      client.on('data', (data) => gateway.write(data));
      gateway.on('data', (data) => {
        if (!this.isDeaf) client.write(data);
      });
    });
  }

  static async to(port: number): Promise<Wire> {
    const wire = new Wire(port);
    await new Promise<void>((resolve) => wire.server.listen(0, '127.0.0.1', resolve));
    return wire;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** The gateway hears the client, but not the other way round. */
  deafen(): void {
    this.isDeaf = true;
  }

  /** Cuts what is connected; whoever comes afterwards gets through. */
  cut(): void {
    this.isDeaf = false;
    for (const socket of this.sockets) socket.destroy();
  }

  async stop(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
