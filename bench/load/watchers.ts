import { setTimeout as sleep } from 'node:timers/promises';
import { io, type Socket } from 'socket.io-client';
import type { AskedResult, AskingLoad, AskingPlayer } from './protocol';

const NOTE = 'My daughter is away this week, and I would like to hear a voice.';
const CONNECT_AT_ONCE = 50;
/** What nobody has received after this is lost. */
const WAIT_MS = 20_000;
/** What came twice would come about now. */
const LATE_MS = 30;

/** In milliseconds, by a clock that all processes of one machine share. */
const now = (): number => Number(process.hrtime.bigint()) / 1e6;

/** One event of one senior, as the volunteers of this process receive it. */
interface Receipts {
  by: Set<Socket>;
  lastAt: number;
}

/** Plays seniors who ask, and the volunteers whose dashboards show it. */
export class Watchers {
  private readonly seniors = new Map<string, Socket>();
  private readonly volunteers: Socket[] = [];
  private receipts = new Map<string, Receipts>();
  private received = 0;
  private twice = 0;

  async connect({ url, volunteers, seniors }: AskingLoad): Promise<void> {
    await inGroups(volunteers, async (player) => {
      const socket = await connect(url, player, true);
      socket.on('seeker:incoming', (request: { seniorId: string }) => this.receive(socket, request.seniorId));
      socket.on('request:cancelled', (request: { seniorId: string }) =>
        this.receive(socket, request.seniorId),
      );
      this.volunteers.push(socket);
    });
    await inGroups(seniors, async (player) => {
      this.seniors.set(player.sub, await connect(url, player, false));
    });
  }

  /** These seniors are about to ask or to cancel. */
  expect(subs: string[]): void {
    this.receipts = new Map(subs.map((sub) => [sub, { by: new Set(), lastAt: NaN }]));
    this.received = this.twice = 0;
  }

  /** Those of them who are played here do it; resolves when all volunteers here have received all of it. */
  async all(event: 'seeker:request' | 'request:cancel'): Promise<AskedResult> {
    const subs = [...this.receipts.keys()];
    let refused = 0;
    const told = await Promise.all(
      subs.map(async (sub) => {
        const socket = this.seniors.get(sub);
        if (!socket) return undefined;
        const askedAt = now();
        const payload = {
          seniorId: sub,
          ...(event === 'seeker:request' && { requestType: 'chat', note: NOTE }),
        };
        const { ok } = (await socket.timeout(WAIT_MS).emitWithAck(event, payload)) as { ok: boolean };
        if (!ok) refused += 1;
        return { askedAt, ackMs: now() - askedAt };
      }),
    );
    const expected = subs.length * this.volunteers.length;
    const deadline = now() + WAIT_MS;
    while (this.received < expected && now() < deadline) await sleep(1);
    await sleep(LATE_MS);
    return {
      kind: 'asked',
      seen: subs.map((sub, index) => ({
        sub,
        lastAt: this.receipts.get(sub)?.lastAt ?? NaN,
        ...told[index],
      })),
      faults: refused + this.twice + expected - this.received,
    };
  }

  private receive(socket: Socket, sub: string): void {
    const receipts = this.receipts.get(sub);
    if (!receipts || receipts.by.has(socket)) {
      this.twice += 1;
      return;
    }
    receipts.by.add(socket);
    receipts.lastAt = now();
    this.received += 1;
  }
}

async function inGroups<Item>(items: Item[], work: (item: Item) => Promise<void>): Promise<void> {
  for (let from = 0; from < items.length; from += CONNECT_AT_ONCE) {
    await Promise.all(items.slice(from, from + CONNECT_AT_ONCE).map(work));
  }
}

/** The relay shows requests to those who say so in the query; the gateway knows it from the token. */
function connect(url: string, { token }: AskingPlayer, watches: boolean): Promise<Socket> {
  const socket = io(url, {
    transports: ['websocket'],
    forceNew: true,
    reconnection: false,
    auth: { token },
    ...(watches && { query: { watches: 'yes' } }),
  });
  return new Promise((resolve, reject) => {
    socket.once('connect', () => resolve(socket));
    socket.once('connect_error', reject);
  });
}
