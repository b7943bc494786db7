import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** The same numbers from 0 to 1 for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export interface Faults {
  /** Every chunk of bytes waits up to this long; what one connection carries in one direction keeps its order. */
  delayMs: number;
  /** Connections last for so many chunks on average: on a slow machine not fewer than on a fast one. */
  lasts: number;
  /** So many of them, from 0 to 1, end by saying nothing any more, for up to `silentMs`, before they are cut. */
  silent: number;
  silentMs: number;
  /** Every so often nobody is let in, for up to `refusedMs`. */
  refusesEveryMs: number;
  refusedMs: number;
}

interface Fate {
  fate: 'carried' | 'silent' | 'cut';
  /** Chunks until something happens. */
  left: number;
}

/** A TCP proxy that behaves as mobile networks do on their worst days, in front of servers of which any will do. */
export class FaultyNetwork {
  readonly counts = { connections: 0, cut: 0, inTheMiddle: 0, silent: 0, refused: 0 };
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();
  private readonly timers = new Set<NodeJS.Timeout>();
  private refusing = false;
  private well = false;

  private constructor(
    private readonly ports: readonly number[],
    private readonly faults: Faults,
    private readonly random: () => number,
  ) {
    this.server = createServer({ noDelay: true }, (client) => this.carry(client));
    this.later(this.faults.refusesEveryMs, () => this.refuse());
  }

  static async start(ports: readonly number[], faults: Faults, random: () => number): Promise<FaultyNetwork> {
    const network = new FaultyNetwork(ports, faults, random);
    await new Promise<void>((resolve) => network.server.listen(0, '127.0.0.1', resolve));
    return network;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** From now on nothing is cut or refused any more. */
  getWell(): void {
    this.well = true;
    this.refusing = false;
  }

  stop(): void {
    for (const timer of this.timers) clearTimeout(timer);
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
  }

  private later(ms: number, then: () => void): void {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      then();
    }, ms);
    this.timers.add(timer);
  }

  private refuse(): void {
    this.refusing = !this.well;
    this.later(this.random() * this.faults.refusedMs, () => (this.refusing = false));
    this.later(this.faults.refusesEveryMs * (0.5 + this.random()), () => this.refuse());
  }

  private carry(client: Socket): void {
    this.counts.connections++;
    if (this.refusing) {
      this.counts.refused++;
      return void client.destroy();
    }
    const port = this.ports[Math.floor(this.random() * this.ports.length)] ?? 0;
    const server = connect({ port, host: '127.0.0.1', noDelay: true });
    const state: Fate = { fate: 'carried', left: -Math.log(1 - this.random()) * this.faults.lasts };
    const cut = (): void => {
      state.fate = 'cut';
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) {
      this.sockets.add(socket);
      socket.on('error', cut);
      socket.on('close', () => {
        this.sockets.delete(socket);
        cut();
      });
    }
    this.pass(client, server, state, cut);
    this.pass(server, client, state, cut);
  }

  private end(state: Fate, cut: () => void): void {
    if (this.random() < this.faults.silent) {
      this.counts.silent++;
      state.fate = 'silent';
      this.later(this.random() * this.faults.silentMs, cut);
    } else {
      this.counts.cut++;
      // With the next bytes, of which only some pass.
      state.fate = 'cut';
      this.later(50, cut);
    }
  }

  private pass(from: Socket, to: Socket, state: Fate, cut: () => void): void {
    let before = Promise.resolve();
    from.on('data', (chunk) => {
      if (state.left-- <= 0 && state.fate === 'carried' && !this.well) this.end(state, cut);
      if (state.fate === 'silent') return;
      const wait = new Promise<void>((resolve) => this.later(this.random() * this.faults.delayMs, resolve));
      before = before
        .then(() => wait)
        .then(() => {
          if (state.fate === 'carried') to.write(chunk);
          if (state.fate !== 'cut' || to.destroyed) return;
          this.counts.inTheMiddle++;
          to.write(chunk.subarray(0, Math.ceil(chunk.length / 2)), cut);
          state.fate = 'silent';
        });
    });
  }
}
