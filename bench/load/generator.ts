import { setTimeout as sleep } from 'node:timers/promises';
import { acceptAll } from './acceptors';
import { publishBookings } from './bookers';
import { PairPlayer, type Scoreboard, Tally } from './pair-player';
import type { Dialect, LoadResult, Order, Pair, Report } from './protocol';
import { Watchers } from './watchers';

/** A load process: plays many people, does what the launcher orders and reports what it saw. */
const CONNECT_AT_ONCE = 50;
const DRAIN_STEPS = 100;

const board: Scoreboard = { tally: new Tally(), sending: false };
const players: PairPlayer[] = [];
const watchers = new Watchers();
let markedAt = performance.now();
let markedCpu = process.cpuUsage();

function report(message: Report): void {
  process.send?.(message);
}

async function connect(url: string, dialect: Dialect, pairs: Pair[]): Promise<void> {
  for (const player of players.splice(0)) player.close();
  for (let from = 0; from < pairs.length; from += CONNECT_AT_ONCE) {
    const some = pairs.slice(from, from + CONNECT_AT_ONCE);
    players.push(...(await Promise.all(some.map((pair) => PairPlayer.connect(url, dialect, pair, board)))));
  }
}

function mark(): void {
  board.tally = new Tally();
  markedAt = performance.now();
  markedCpu = process.cpuUsage();
}

/** The window ends at once; what is still under way is waited for, to see that nothing acked is lost. */
async function stop(): Promise<LoadResult> {
  const { tally } = board;
  const seconds = (performance.now() - markedAt) / 1_000;
  const { user, system } = process.cpuUsage(markedCpu);
  board.sending = false;
  board.tally = new Tally();
  const missing = (): number => players.reduce((sum, { acked, delivered }) => sum + acked - delivered, 0);
  const busy = (): boolean => players.some(({ underWay }) => underWay > 0);
  for (let step = 0; step < DRAIN_STEPS && (busy() || missing() !== 0); step++) await sleep(20);
  const { acked, delivered, refused, disordered } = tally;
  return {
    kind: 'loaded',
    seconds,
    acked,
    delivered,
    refused,
    lost: missing(),
    disordered: disordered + board.tally.disordered,
    cpuSeconds: (user + system) / 1e6,
    ackLatency: tally.ackLatency.toJSON(),
    deliveryLatency: tally.deliveryLatency.toJSON(),
  };
}

async function obey(order: Order): Promise<void> {
  switch (order.kind) {
    case 'connect':
      await connect(order.url, order.dialect, order.pairs);
      return report({ kind: 'connected' });
    case 'load':
      board.sending = true;
      for (const player of players) player.start(order.inFlight);
      return;
    case 'mark':
      return mark();
    case 'stop':
      return report(await stop());
    case 'accept':
      return report(await acceptAll(order.url, order.contests, order.side));
    case 'book':
      return report(await publishBookings(order.load));
    case 'watch':
      await watchers.connect(order.load);
      return report({ kind: 'connected' });
    case 'expect':
      watchers.expect(order.subs);
      return report({ kind: 'ready' });
    case 'ask':
      return report(await watchers.all(order.event));
  }
}

process.on('message', (order: Order) => {
  obey(order).catch((error: unknown) => report({ kind: 'failed', message: String(error) }));
});
process.on('disconnect', () => process.exit(0));
