import type { AcceptsResult } from '../measures/accepts';
import type { BookingRound } from '../measures/bookings';
import type { HistoryResult } from '../measures/history';
import type { JobsResult } from '../measures/jobs';
import type { MemoryResult } from '../measures/memory';
import type { MessageRound } from '../measures/messages';
import type { PushesResult } from '../measures/pushes';
import type { RequestRound } from '../measures/requests';
import { type Settings, TARGETS } from '../settings';
import { bookingComparisons, bookingLines } from './bookings';
import { historyLines } from './history';
import { jobLines } from './jobs';
import type { MachineFacts } from './machine-facts';
import { markdown } from './markdown';
import { pushComparisons, pushLines } from './pushes';
import { requestComparisons, requestLines } from './requests';
import { compareMemory, compareRounds, type Comparison, figures, median } from './summary';

export interface Results {
  messages: MessageRound[];
  /** Messages of anonymous sessions. */
  counseling: MessageRound[];
  memory: MemoryResult[];
  accepts: AcceptsResult | undefined;
  bookings: BookingRound[];
  requests: RequestRound[];
  jobs: JobsResult[];
  /** How many jobs of a kind were due at once. */
  jobsDue: number;
  pushes: PushesResult | undefined;
  history: HistoryResult[];
  /** How many messages that conversation has. */
  historyMessages: number;
}

const settingsOf = (rounds: MessageRound[]): number[] => [...new Set(rounds.map(({ inFlight }) => inFlight))];

const atLeast = (target: number, ratio: number) => ({ text: `≥ ${target}`, met: ratio >= target });
const atMost = (target: number, ratio: number) => ({ text: `≤ ${target}`, met: ratio <= target });

interface MessageTargets {
  delivered: number;
  cpuPerMessage?: number;
}

function messageComparisons(
  rounds: MessageRound[],
  where: string,
  { delivered: least, cpuPerMessage: most }: MessageTargets,
): Comparison[] {
  return settingsOf(rounds).flatMap((inFlight): Comparison[] => {
    const of = (figure: Parameters<typeof compareRounds>[2]) => compareRounds(rounds, inFlight, figure);
    const delivered = of('deliveredPerSecond');
    const cpu = of('cpuPerMessage');
    const at = `${where}${inFlight} in flight`;
    return [
      {
        name: `delivered/s, ${at}`,
        ...delivered,
        digits: 0,
        target: atLeast(least, delivered.ratio),
      },
      { name: `acked/s, ${at}`, ...of('ackedPerSecond'), digits: 0 },
      { name: `ack p50 ms, ${at}`, ...of('ackP50'), digits: 1 },
      { name: `ack p99 ms, ${at}`, ...of('ackP99'), digits: 1 },
      { name: `delivery p50 ms, ${at}`, ...of('deliveryP50'), digits: 1 },
      { name: `delivery p99 ms, ${at}`, ...of('deliveryP99'), digits: 1 },
      {
        name: `server CPU µs per message, ${at}`,
        ...cpu,
        digits: 1,
        ...(most !== undefined && { target: atMost(most, cpu.ratio) }),
      },
    ];
  });
}

function comparisons({ messages, counseling, memory, bookings, requests, pushes }: Results): Comparison[] {
  const lines = [
    ...messageComparisons(messages, '', TARGETS),
    ...messageComparisons(counseling, 'anonymous, ', { delivered: TARGETS.counseling }),
  ];
  if (memory.length > 0) {
    const kib = compareMemory(memory);
    const target = atMost(TARGETS.memoryPerConnection, kib.ratio);
    lines.push({ name: `KiB per idle connection (${memory[0]?.connections})`, ...kib, digits: 1, target });
  }
  lines.push(...bookingComparisons(bookings), ...requestComparisons(requests), ...pushComparisons(pushes));
  return lines;
}

/** Above this, other processes took so much that even ratios wander by a tenth or two. */
const QUIET_CORES = 0.2;

const HEADER = ['', 'floor', 'gateway', 'ratio', 'target', 'met'];

function cells({ name, floor, gateway, ratio, digits, target }: Comparison): string[] {
  const met = target ? (target.met ? 'yes' : 'NO') : '';
  return [name, floor.toFixed(digits), gateway.toFixed(digits), ratio.toFixed(2), target?.text ?? '', met];
}

/** The comparison, the acceptances and what must be zero, for the terminal. */
export function renderTable(results: Results): string {
  const lines = comparisons(results);
  return [
    ...(lines.length > 0 ? [markdown([HEADER, ...lines.map(cells)])] : []),
    ...acceptLines(results.accepts),
    ...jobLines(results.jobs, results.jobsDue),
    ...loadLines(results.messages, 'Messages', 'postgresPerMessage'),
    ...loadLines(results.counseling, 'Messages of anonymous sessions', 'redisPerMessage'),
    ...bookingLines(results.bookings),
    ...requestLines(results.requests),
    ...pushLines(results.pushes),
    ...historyLines(results.history, results.historyMessages),
  ].join('\n\n');
}

function acceptLines(accepts: AcceptsResult | undefined): string[] {
  if (!accepts) return [];
  return [
    `Acceptances, 15 volunteers for one request at once, ${accepts.requests} requests, ${accepts.contestsAtOnce} of ` +
      `them side by side, one session API process: ${Math.round(accepts.winnersPerSecond)} winners/s, ` +
      `${Math.round(accepts.answersPerSecond)} answers/s; a winner waits ${accepts.winnerP50.toFixed(0)} ms (p50), ` +
      `${accepts.winnerP99.toFixed(0)} ms (p99), anybody ${accepts.answerP50.toFixed(0)} and ` +
      `${accepts.answerP99.toFixed(0)} ms; the process used ${accepts.serverBusy.toFixed(2)} cores. ` +
      `Requests without exactly one winner and unexpected answers: ${accepts.faults}.`,
  ];
}

function loadLines(
  rounds: MessageRound[],
  what: string,
  storing: 'postgresPerMessage' | 'redisPerMessage',
): string[] {
  if (rounds.length === 0) return [];
  const foreign = median(rounds.map(({ foreignCores }) => foreignCores));
  const faults = rounds.reduce((sum, round) => sum + round.faults, 0);
  const perSetting = settingsOf(rounds).map((inFlight) => {
    const of = (side: 'floor' | 'gateway', figure: Parameters<typeof figures>[3]): string =>
      median(figures(rounds, side, inFlight, figure)).toFixed(2);
    return (
      `${inFlight} in flight: server ${of('floor', 'serverBusy')} / ${of('gateway', 'serverBusy')} of a core, ` +
      `busiest load process ${of('floor', 'generatorBusy')} / ${of('gateway', 'generatorBusy')}, ` +
      `processes that are not ours ${of('floor', 'foreignCores')} / ${of('gateway', 'foreignCores')}; ` +
      `${storing === 'redisPerMessage' ? 'Redis' : 'Postgres'} ${of('gateway', storing)} µs per message`
    );
  });
  return [
    `${what}: who was busy (floor / gateway). ${perSetting.join('. ')}.`,
    `${what} refused, lost or out of order: ${faults}.`,
    ...(foreign > QUIET_CORES
      ? [
          `**The machine was not quiet**: others used ${foreign.toFixed(1)} cores; run it again when they do not.`,
        ]
      : []),
  ];
}

function roundLines(rounds: MessageRound[], title: string): string {
  if (rounds.length === 0) return '';
  const lines = settingsOf(rounds)
    .map((inFlight) => {
      const { floor } = { floor: figures(rounds, 'floor', inFlight, 'deliveredPerSecond') };
      const ratios = figures(rounds, 'gateway', inFlight, 'deliveredPerSecond').map((value, round) =>
        (value / (floor[round] ?? NaN)).toFixed(2),
      );
      const cpu = figures(rounds, 'floor', inFlight, 'cpuPerMessage');
      const cpuRatios = figures(rounds, 'gateway', inFlight, 'cpuPerMessage').map((value, round) =>
        (value / (cpu[round] ?? NaN)).toFixed(2),
      );
      return `- ${inFlight} in flight: delivered ${ratios.join(', ')}; CPU per message ${cpuRatios.join(', ')}`;
    })
    .join('\n');
  return `\n${title}:\n\n${lines}\n`;
}

/** The file that is kept. */
export function renderResults(results: Results, settings: Settings, facts: MachineFacts): string {
  const { messages, counseling } = results;
  return `# Bench results

Made by \`npm run bench\`${settings.quick ? ' with `--quick`' : ''}; every run overwrites this file.

${Object.entries(facts)
  .map(([name, value]) => `- ${name}: ${value}`)
  .join('\n')}

${renderTable(results)}
${roundLines(messages, 'Ratios round by round')}${roundLines(counseling, 'The same of anonymous sessions')}
${howToRead(settings)}`;
}

function howToRead(settings: Settings): string {
  const { pairs, rounds, windowMs, warmUpMs, generators, pendingJobs, jobsDue, idleMs } = settings;
  const { volunteers, seniors, bursts, singles, pushes, audience } = settings;
  return `## How to read it

The floor is a bare Socket.IO relay: it authenticates nobody, checks nothing, stores nothing. The gateway is the
shipped one with every guarantee on; only its rate limits are off. Both are driven by the same ${generators} load processes
each (socket.io-client, websocket), in turns: ${rounds} rounds of ${warmUpMs / 1000} s warm-up and ${windowMs / 1000} s of counting per setting. ${pairs} pairs; in
each one the seeker sends in a closed loop (the next message follows an ack) with 1 or 4 messages in flight, the
helper receives. Latencies are the client's: from sending to the ack, and from sending to the other side's event.

Columns are medians of the rounds; the ratio is the median of the ratios of neighbouring rounds, because whatever
else the machine does touches both neighbours alike. **Compare ratios, not absolute numbers**: load, server,
Postgres and Redis share the same cores here, so the gateway's messages/s also pay for Postgres, which the floor
does not have. Server CPU per message is user and system time of the server process alone.

Anonymous sessions are played in the same way, in the namespace \`/counseling\`, with new sessions of counsellors who
are online in every round. The floor's events and acks there have the same fields as the gateway's, which stores in
Redis; Postgres has no part in a message.

Bookings: 50 facilitators are connected, each load process plays two backends in closed loops (the next booking or
batch follows an answer). The floor emits and answers at once; the gateway stores first. Batches go to the session
API, which stores them; the gateway emits them. Receipt is counted from publishing to the facilitator's event.

Requests of the companion program: ${volunteers} volunteers are connected, ${seniors} seniors ask at the same moment, ${bursts} times a
round, or ${singles} one by one, each when everybody has seen the one before. The floor broadcasts at once; the gateway
commits first, and one session API process announces what was committed; both processes' CPU counts.

Memory is resident memory of a fresh process with idle connections (one person each, two people per
conversation) less that of the empty process, per connection.

Jobs: rounds of nothing waiting and ${pendingJobs} jobs waiting for a far year. Adds and removes come from 8 callers in a
closed loop. Late is from the moment at which all ${jobsDue} were due to the arrival at a target in the load process
(callbacks) or at a Redis subscriber (events); all of them at one moment is the worst case, so what this shows is
how long a scheduler takes for that many. Idle is counted over ${idleMs / 1000} s in which nothing is due; the scheduler then
looks for announcements, timers and jobs as always.

Pushes: one notification worker sends an announcement to ${pushes} people with a device each; counted from the call
that makes it until it is \`sent\`, so with finding the people, writing their notifications and the ledger. The floor
is a bare \`node:https\` client with kept connections and as many requests under way, which sends the same requests
and writes nothing. Both send to one push sandbox, in turns, after a warm-up; floor's and worker's CPU is of that
process alone. Expansion is writing the notifications of ${audience} people, of whom 60 % match, while next to nothing is
sent.

History: pages are read by the same code that the session API reads them with, one after the other. Pages touched are
Postgres', of tables and indexes, from \`EXPLAIN (ANALYZE, BUFFERS)\` of the same statement: what a page of history
costs on any machine.
`;
}
