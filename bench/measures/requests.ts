import { LoadCrew } from '../load/crew';
import { Histogram } from '../load/histogram';
import type { AskedResult } from '../load/protocol';
import type { Settings } from '../settings';
import type { Infra } from '../setup/infra';
import type { People } from '../setup/people';
import { cpuSeconds, familyCpuSeconds } from '../setup/proc';
import { type Server, startGateway, startRelay, startSessionApi } from '../setup/servers';
import type { Side } from './messages';

/** How seniors ask: all at the same moment, or each when everybody has seen the one before. */
export const ASKINGS = ['at once', 'one by one'] as const;
export type Asking = (typeof ASKINGS)[number];

/** One round of one server in one way. */
export interface RequestRound {
  side: Side;
  asking: Asking;
  /** Milliseconds from asking to the last volunteer's receipt. */
  shownP50: number;
  shownP99: number;
  ackP50: number;
  ackP99: number;
  /** CPU microseconds of all server processes but Postgres and Redis, per receipt. */
  cpuPerReceipt: number;
  /** CPU microseconds of Postgres (all its processes), per request. */
  postgresPerRequest: number;
  /** Refused, not received by a volunteer, or received twice: must be 0. */
  faults: number;
}

interface Subject {
  side: Side;
  servers: Server[];
  crew: LoadCrew;
}

/** Requests before anything is counted, for the compilers of all processes. */
const WARM_UPS = 2;

/** Floor and gateway in turns: stored, announced and shown to everybody online, against a bare broadcast. */
export async function measureRequests(
  settings: Settings,
  infra: Infra,
  people: People,
  say: (line: string) => void,
  profileDir?: string,
): Promise<RequestRound[]> {
  const { generators, rounds: roundCount, bursts, singles } = settings;
  const volunteers = await people.companions(settings.volunteers, 'volunteer');
  const seniors = await people.companions(settings.seniors, 'senior');
  const subs = seniors.map(({ sub }) => sub);
  const subjects: Subject[] = [
    { side: 'floor', servers: [await startRelay(profileDir)], crew: new LoadCrew(generators) },
    {
      side: 'gateway',
      servers: [await startGateway(infra, profileDir), await startSessionApi(infra, profileDir)],
      crew: new LoadCrew(generators),
    },
  ];
  const shareOf = <Item>(items: Item[], index: number): Item[] =>
    items.filter((_, item) => item % generators === index);
  for (const { servers, crew } of subjects) {
    await crew.each('connected', (index) => ({
      kind: 'watch',
      load: {
        url: servers[0]?.url ?? '',
        volunteers: shareOf(volunteers, index),
        seniors: shareOf(seniors, index),
      },
    }));
  }
  const groups: Record<Asking, string[][]> = {
    'at once': Array.from({ length: bursts }, () => subs),
    'one by one': Array.from({ length: singles }, (_, index) => [subs[index % subs.length] ?? '']),
  };
  for (const subject of subjects) {
    await measure(subject, 'at once', groups['at once'].slice(0, WARM_UPS), settings, infra);
  }
  const rounds: RequestRound[] = [];
  for (let round = 1; round <= roundCount; round++) {
    for (const asking of ASKINGS) {
      for (const subject of subjects) {
        const seen = await measure(subject, asking, groups[asking], settings, infra);
        rounds.push(seen);
        say(
          `  round ${round}/${roundCount}, ${asking}, ${seen.side.padEnd(7)} shown to the last one after ` +
            `${seen.shownP50.toFixed(1)} ms (p50), ${seen.shownP99.toFixed(1)} ms (p99), acked after ` +
            `${seen.ackP50.toFixed(1)} and ${seen.ackP99.toFixed(1)} ms, ${seen.cpuPerReceipt.toFixed(1)} µs CPU a ` +
            `receipt, Postgres ${(seen.postgresPerRequest / 1_000).toFixed(1)} ms a request`,
        );
      }
    }
  }
  for (const { servers, crew } of subjects) {
    await Promise.all([crew.stop(), ...servers.map((server) => server.stop())]);
  }
  return rounds;
}

async function measure(
  { side, servers, crew }: Subject,
  asking: Asking,
  groups: string[][],
  { volunteers }: Settings,
  infra: Infra,
): Promise<RequestRound> {
  const read = () => ({
    servers: servers.reduce((sum, { pid }) => sum + cpuSeconds(pid), 0),
    postgres: familyCpuSeconds(infra.postgresPid),
  });
  const shown = Histogram.empty();
  const acks = Histogram.empty();
  const used = { servers: 0, postgres: 0 };
  let [requests, faults] = [0, 0];
  for (const subs of groups) {
    const all = async (event: 'seeker:request' | 'request:cancel'): Promise<AskedResult[]> => {
      await crew.each('ready', () => ({ kind: 'expect', subs }));
      return crew.each('asked', () => ({ kind: 'ask', event }));
    };
    const before = read();
    const asked = await all('seeker:request');
    const after = read();
    // Taken back without being counted: the same seniors ask again.
    const cancelled = await all('request:cancel');
    used.servers += after.servers - before.servers;
    used.postgres += after.postgres - before.postgres;
    requests += subs.length;
    for (const { faults: some } of [...asked, ...cancelled]) faults += some;
    for (const sub of subs) {
      const { askedAt, ackMs, lastAt } = together(asked, sub);
      shown.record(lastAt - askedAt);
      acks.record(ackMs);
    }
  }
  return {
    side,
    asking,
    shownP50: shown.percentile(0.5),
    shownP99: shown.percentile(0.99),
    ackP50: acks.percentile(0.5),
    ackP99: acks.percentile(0.99),
    cpuPerReceipt: (used.servers / requests / volunteers) * 1e6,
    postgresPerRequest: (used.postgres / requests) * 1e6,
    faults,
  };
}

/** What all load processes saw of one senior's request. */
function together(asked: AskedResult[], sub: string): { askedAt: number; ackMs: number; lastAt: number } {
  const all = asked.flatMap(({ seen }) => seen.filter((one) => one.sub === sub));
  const own = all.find(({ askedAt }) => askedAt !== undefined);
  return {
    askedAt: own?.askedAt ?? NaN,
    ackMs: own?.ackMs ?? NaN,
    lastAt: Math.max(...all.map(({ lastAt }) => lastAt)),
  };
}
