import { setTimeout as sleep } from 'node:timers/promises';
import { LoadCrew } from '../load/crew';
import { Histogram } from '../load/histogram';
import type { Settings } from '../settings';
import type { Infra } from '../setup/infra';
import type { People } from '../setup/people';
import { cpuSeconds, familyCpuSeconds, machineCpuSeconds } from '../setup/proc';
import { type Server, startGateway, startRelay } from '../setup/servers';

export type Side = 'floor' | 'gateway';

/** One window of one server. */
export interface MessageRound {
  side: Side;
  inFlight: number;
  ackedPerSecond: number;
  deliveredPerSecond: number;
  ackP50: number;
  ackP99: number;
  deliveryP50: number;
  deliveryP99: number;
  /** CPU microseconds of the server process per acked message. */
  cpuPerMessage: number;
  /** CPU microseconds of Postgres (all its processes) per acked message. */
  postgresPerMessage: number;
  /** CPU microseconds of Redis per acked message. */
  redisPerMessage: number;
  /** Share of one core that the server and the busiest load process used; 1 is all of it. */
  serverBusy: number;
  generatorBusy: number;
  /** Cores used by processes that are not ours. */
  foreignCores: number;
  /** Acked and never delivered, delivered out of order, refused: all must be 0. */
  faults: number;
}

/** One server and its clients. */
export interface Subject {
  side: Side;
  server: Server;
  crew: LoadCrew;
}

/** Both servers with the same clients, in turns; idle ones cost nothing meanwhile. */
export async function measureMessages(
  settings: Settings,
  infra: Infra,
  people: People,
  say: (line: string) => void,
  profileDir?: string,
): Promise<MessageRound[]> {
  const pairs = await people.pairs(settings.pairs);
  const subjects: Subject[] = [
    { side: 'floor', server: await startRelay(profileDir), crew: new LoadCrew(settings.generators) },
    {
      side: 'gateway',
      server: await startGateway(infra, profileDir),
      crew: new LoadCrew(settings.generators),
    },
  ];
  for (const { server, crew } of subjects) await crew.connect(server.url, pairs);
  return playRounds(subjects, settings, infra, say);
}

/**
 * All rounds of servers that take turns; stops them at the end.
 * @param renew called before each round
 */
export async function playRounds(
  subjects: readonly Subject[],
  settings: Settings,
  infra: Infra,
  say: (line: string) => void,
  renew: () => Promise<void> = async () => undefined,
): Promise<MessageRound[]> {
  const rounds: MessageRound[] = [];
  for (let round = 1; round <= settings.rounds; round++) {
    await renew();
    for (const inFlight of settings.inFlight) {
      for (const subject of subjects) {
        const seen = await measure(subject, inFlight, settings, infra);
        rounds.push(seen);
        say(
          `  round ${round}/${settings.rounds}, ${inFlight} in flight, ${seen.side.padEnd(7)} ` +
            `${Math.round(seen.deliveredPerSecond)} delivered/s, ${seen.cpuPerMessage.toFixed(1)} µs CPU a message, ` +
            `server ${percent(seen.serverBusy)}, load ${percent(seen.generatorBusy)}, ` +
            `others ${seen.foreignCores.toFixed(1)} cores`,
        );
      }
    }
  }
  for (const { server, crew } of subjects) await Promise.all([crew.stop(), server.stop()]);
  return rounds;
}

async function measure(
  { side, server, crew }: Subject,
  inFlight: number,
  { warmUpMs, windowMs }: Settings,
  infra: Infra,
): Promise<MessageRound> {
  const read = () => ({
    server: cpuSeconds(server.pid),
    postgres: familyCpuSeconds(infra.postgresPid),
    redis: cpuSeconds(infra.redisPid),
    own: process.cpuUsage(),
    machine: machineCpuSeconds(),
  });
  crew.tell({ kind: 'load', inFlight });
  await sleep(warmUpMs);
  crew.tell({ kind: 'mark' });
  const before = read();
  await sleep(windowMs);
  const after = read();
  const loads = await crew.each('loaded', () => ({ kind: 'stop' }));

  const sum = (pick: (load: (typeof loads)[number]) => number): number =>
    loads.reduce((total, load) => total + pick(load), 0);
  const perSecond = (pick: (load: (typeof loads)[number]) => number): number =>
    sum((load) => pick(load) / load.seconds);
  const ack = Histogram.merge(loads.map(({ ackLatency }) => ackLatency));
  const delivery = Histogram.merge(loads.map(({ deliveryLatency }) => deliveryLatency));
  const seconds = windowMs / 1_000;
  const ackedPerSecond = perSecond(({ acked }) => acked);
  const serverCpu = after.server - before.server;
  const postgresCpu = after.postgres - before.postgres;
  const redisCpu = after.redis - before.redis;
  const own = (after.own.user + after.own.system - before.own.user - before.own.system) / 1e6;
  const ours = serverCpu + postgresCpu + redisCpu + own + sum(({ cpuSeconds: load }) => load);
  return {
    side,
    inFlight,
    ackedPerSecond,
    deliveredPerSecond: perSecond(({ delivered }) => delivered),
    ackP50: ack.percentile(0.5),
    ackP99: ack.percentile(0.99),
    deliveryP50: delivery.percentile(0.5),
    deliveryP99: delivery.percentile(0.99),
    cpuPerMessage: (serverCpu / seconds / ackedPerSecond) * 1e6,
    postgresPerMessage: (postgresCpu / seconds / ackedPerSecond) * 1e6,
    redisPerMessage: (redisCpu / seconds / ackedPerSecond) * 1e6,
    serverBusy: serverCpu / seconds,
    generatorBusy: Math.max(...loads.map((load) => load.cpuSeconds / load.seconds)),
    foreignCores: Math.max(0, (after.machine - before.machine - ours) / seconds),
    faults: sum(({ refused, lost, disordered }) => refused + Math.abs(lost) + disordered),
  };
}

const percent = (share: number): string => `${Math.round(share * 100)} %`;
