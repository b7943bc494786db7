import type { ForgottenSessions, SessionLine, SessionStore } from '@kindline/domain';
import type { Channels } from '@kindline/platform';
import type { GatewayMetrics } from '../gateway-metrics';
import { ChatRooms } from './chat-rooms';
import type { SeatSocket } from './seat';

const SESSION = 'session';

/** A gateway whose Redis answers and whose channel is heard when the test says so. */
class Gateway {
  /** What Redis has. */
  readonly lines: SessionLine[] = [];
  readonly shown = new Map<string, number[]>();
  readonly rooms: ChatRooms;
  private heard: ((text: string) => void) | undefined;

  constructor() {
    const channels = {
      listen: async (_channel: string, heard: (text: string) => void) => void (this.heard = heard),
    };
    const store = {
      sit: async () => ({
        version: 1,
        count: this.lines.length,
        lastAt: this.lines.at(-1)?.at ?? 0,
      }),
      seated: async (_id: string, sockets: readonly string[]) => sockets.map(() => true),
      look: async () => ({
        status: 'active',
        version: 1,
        helperAnonymousId: 'helper',
        count: this.lines.length,
        lastAt: this.lines.at(-1)?.at ?? 0,
      }),
      after: async (_id: string, seq: number) => this.lines.slice(seq),
    };
    this.rooms = new ChatRooms(
      store as unknown as SessionStore,
      {} as ForgottenSessions,
      channels as unknown as Channels,
      { delivered: () => undefined } as GatewayMetrics,
      'here',
    );
  }

  async enter(id: string, side: 'seeker' | 'helper'): Promise<void> {
    const shown: number[] = [];
    this.shown.set(id, shown);
    const socket = {
      emit: (_event: string, { id: line }: { id: string }) =>
        shown.push(parseInt(line.split(':')[1] ?? '', 10)),
    };
    const seat = { id, socket, sessionId: SESSION, side, anonymousId: side, permissions: [], expiresAt: 0 };
    await this.rooms.enter(seat as unknown as Omit<SeatSocket, 'version'>);
  }

  /** Redis stores the next message. */
  store(origin: string): SessionLine {
    const seq = this.lines.length + 1;
    const line: SessionLine = { seq, at: seq, side: 'seeker', from: 'seeker', origin, content: `${seq}` };
    this.lines.push(line);
    return line;
  }

  hear({ seq, at, side, from, origin, content }: SessionLine): void {
    this.heard?.(`m ${seq} helper ${at} ${side} ${from} ${origin} ${JSON.stringify(content)}`);
  }
}

/** Lets everything that waits for Redis go on. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('the order of what is shown', () => {
  let gateway: Gateway;

  beforeEach(async () => {
    gateway = new Gateway();
    await gateway.enter('ours', 'seeker');
    await gateway.enter('other', 'helper');
  });

  it('is that of Redis when an answer is faster than what was said before it elsewhere', async () => {
    const [elsewhere, own] = [gateway.store('elsewhere'), gateway.store('ours')];
    gateway.rooms.stored(SESSION, own, 'helper');
    expect(gateway.shown.get('other')).toEqual([]);
    gateway.hear(elsewhere);
    gateway.hear(own);
    await settled();
    expect(gateway.shown.get('other')).toEqual([1, 2]);
    expect(gateway.shown.get('ours')).toEqual([1]);
  });

  it('is that of Redis when what was said elsewhere is faster than the answer before it', async () => {
    const [own, elsewhere] = [gateway.store('ours'), gateway.store('elsewhere')];
    gateway.hear(elsewhere);
    await settled();
    gateway.rooms.stored(SESSION, own, 'helper');
    expect(gateway.shown.get('other')).toEqual([1, 2]);
    expect(gateway.shown.get('ours')).toEqual([2]);
  });

  it('has no gap when what was said elsewhere is never heard', async () => {
    gateway.store('elsewhere');
    const own = gateway.store('ours');
    gateway.rooms.stored(SESSION, own, 'helper');
    await settled();
    expect(gateway.shown.get('other')).toEqual([1, 2]);
    expect(gateway.shown.get('ours')).toEqual([1]);
  });

  it('shows at once what comes next, and once only', () => {
    const own = gateway.store('ours');
    gateway.rooms.stored(SESSION, own, 'helper');
    expect(gateway.shown.get('other')).toEqual([1]);
    gateway.hear(own);
    expect(gateway.shown.get('other')).toEqual([1]);
    expect(gateway.shown.get('ours')).toEqual([]);
  });
});
