import { LoadCrew } from '../load/crew';
import { Histogram } from '../load/histogram';
import type { BookingLoad } from '../load/protocol';
import type { Settings } from '../settings';
import type { Infra } from '../setup/infra';
import type { People } from '../setup/people';
import { cpuSeconds, familyCpuSeconds } from '../setup/proc';
import { SERVICE_TOKEN, type Server, startGateway, startRelay, startSessionApi } from '../setup/servers';
import type { Side } from './messages';

const FACILITATORS = 50;
/** Of each load process. */
const BACKENDS = 2;
const BATCH = 100;

/** How bookings are published: alone over sockets, or in batches over HTTP. */
export const WAYS = [
  'sockets, 16 in flight',
  'sockets, 64 in flight',
  'batches of 100',
  'batches of 100, nobody connected',
] as const;
export type Way = (typeof WAYS)[number];

const LOADS: Record<Way, Pick<BookingLoad, 'inFlight' | 'batch' | 'connected'> & { http: boolean }> = {
  'sockets, 16 in flight': { inFlight: 16, batch: 1, connected: true, http: false },
  'sockets, 64 in flight': { inFlight: 64, batch: 1, connected: true, http: false },
  'batches of 100': { inFlight: 1, batch: BATCH, connected: true, http: true },
  'batches of 100, nobody connected': { inFlight: 1, batch: BATCH, connected: false, http: true },
};

/** One window of one server in one way. */
export interface BookingRound {
  side: Side;
  way: Way;
  answeredPerSecond: number;
  receivedPerSecond: number;
  receiptP50: number;
  receiptP99: number;
  answerP99: number;
  /** CPU microseconds of all server processes but Postgres and Redis, per booking. */
  cpuPerBooking: number;
  postgresPerBooking: number;
  faults: number;
}

interface Subject {
  side: Side;
  sockets: Server;
  http: Server;
}

/** Floor and gateway in turns: stored first and then emitted, against the same emit without storing. */
export async function measureBookings(
  settings: Settings,
  infra: Infra,
  people: People,
  say: (line: string) => void,
  profileDir?: string,
): Promise<BookingRound[]> {
  const facilitators = await people.facilitators(FACILITATORS);
  // Of their own: what waits for them would be emitted when they connect.
  const absent = await people.facilitators(FACILITATORS);
  const relay = await startRelay(profileDir);
  const subjects: Subject[] = [
    { side: 'floor', sockets: relay, http: relay },
    { side: 'gateway', sockets: await startGateway(infra, profileDir), http: await startSessionApi(infra) },
  ];
  const crew = new LoadCrew(settings.generators);
  const rounds: BookingRound[] = [];
  for (let round = 1; round <= settings.rounds; round++) {
    for (const way of WAYS) {
      for (const { side, sockets, http } of subjects) {
        const { http: overHttp, ...load } = LOADS[way];
        const before = read([sockets, http], infra);
        const share = Math.ceil(FACILITATORS / settings.generators);
        const seen = await crew.each('booked', (index) => ({
          kind: 'book',
          load: {
            ...load,
            socketUrl: sockets.url,
            ...(overHttp && { httpUrl: http.url }),
            serviceToken: SERVICE_TOKEN,
            facilitators: (load.connected ? facilitators : absent).slice(index * share, (index + 1) * share),
            backends: BACKENDS,
            warmUpMs: settings.warmUpMs / 2,
            windowMs: settings.windowMs / 2,
          },
        }));
        const after = read([sockets, http], infra);
        const perSecond = (pick: (one: (typeof seen)[number]) => number): number =>
          seen.reduce((sum, one) => sum + pick(one) / one.seconds, 0);
        const total = seen.reduce((sum, one) => sum + one.total, 0);
        const receipt = Histogram.merge(seen.map(({ receiptLatency }) => receiptLatency));
        const result: BookingRound = {
          side,
          way,
          answeredPerSecond: perSecond(({ answered }) => answered),
          receivedPerSecond: perSecond(({ received }) => received),
          receiptP50: receipt.percentile(0.5),
          receiptP99: receipt.percentile(0.99),
          answerP99: Histogram.merge(seen.map(({ answerLatency }) => answerLatency)).percentile(0.99),
          cpuPerBooking: ((after.servers - before.servers) / total) * 1e6,
          postgresPerBooking: ((after.postgres - before.postgres) / total) * 1e6,
          faults: seen.reduce((sum, one) => sum + one.wrong, 0),
        };
        rounds.push(result);
        say(
          `  round ${round}/${settings.rounds}, ${way}, ${side.padEnd(7)} ${Math.round(result.answeredPerSecond)} answered/s, ` +
            `${Math.round(result.receivedPerSecond)} received/s, receipt p99 ${result.receiptP99.toFixed(0)} ms, ` +
            `${result.cpuPerBooking.toFixed(0)} µs CPU a booking, Postgres ${result.postgresPerBooking.toFixed(0)} µs`,
        );
      }
    }
  }
  await crew.stop();
  await Promise.all(
    subjects.flatMap(({ sockets, http }) => [...new Set([sockets, http])]).map((one) => one.stop()),
  );
  return rounds;
}

function read(servers: Server[], infra: Infra): { servers: number; postgres: number } {
  const own = [...new Set(servers)];
  return {
    servers: own.reduce((sum, { pid }) => sum + cpuSeconds(pid), 0),
    postgres: familyCpuSeconds(infra.postgresPid),
  };
}
