import { availableParallelism } from 'node:os';

export const PARTS = [
  'messages',
  'counseling',
  'memory',
  'accepts',
  'bookings',
  'requests',
  'jobs',
  'pushes',
  'history',
] as const;
export type Part = (typeof PARTS)[number];

/** What a run does. */
export interface Settings {
  parts: readonly Part[];
  quick: boolean;
  /** Both servers leave CPU profiles in .data/bench-profiles; they cost, so the numbers are worth less. */
  profile: boolean;
  /** Load processes. */
  generators: number;
  pairs: number;
  inFlight: readonly number[];
  rounds: number;
  warmUpMs: number;
  windowMs: number;
  connections: number;
  settleMs: number;
  requests: number;
  /** Requests that are fought for side by side. */
  contestsAtOnce: number;
  /** Volunteers who see every request of the companion program, and seniors who ask at the same moment. */
  volunteers: number;
  seniors: number;
  /** How often all of them ask, and how many ask one by one, in each round. */
  bursts: number;
  singles: number;
  /** Jobs that wait for a later day. */
  pendingJobs: number;
  /** Jobs that are due at the same moment. */
  jobsDue: number;
  idleMs: number;
  /** Of one announcement. */
  pushes: number;
  /** People among whom an announcement's audience is looked for. */
  audience: number;
  /** Of the conversation whose history is read. */
  messages: number;
}

const USAGE = `usage: npm run bench -- [${PARTS.join('] [')}] [--quick] [--profile] [--generators=N] [--in-flight=N]`;

/** @throws Error with the usage when it does not understand */
export function readSettings(args: readonly string[]): Settings {
  const given = args.filter((arg) => !arg.startsWith('--'));
  const flags = args.filter((arg) => arg.startsWith('--'));
  const parts = PARTS.filter((part) => given.includes(part));
  const number = (name: string): number | undefined => {
    const flag = flags.find((other) => other.startsWith(`--${name}=`));
    return flag === undefined ? undefined : Number(flag.slice(name.length + 3));
  };
  const known = flags.every((flag) => /^--(quick|profile|(generators|in-flight)=[1-9]\d?)$/.test(flag));
  if (!known || parts.length !== new Set(given).size) throw new Error(USAGE);
  const inFlight = number('in-flight');
  const quick = flags.includes('--quick');
  return {
    parts: parts.length > 0 ? parts : PARTS,
    quick,
    profile: flags.includes('--profile'),
    generators: number('generators') ?? Math.max(2, Math.floor(availableParallelism() / 2)),
    pairs: 200,
    inFlight: inFlight === undefined ? [1, 4] : [inFlight],
    rounds: quick ? 1 : 3,
    warmUpMs: quick ? 1_500 : 2_000,
    windowMs: quick ? 4_000 : 7_000,
    connections: quick ? 1_000 : 5_000,
    settleMs: quick ? 2_000 : 5_000,
    requests: quick ? 150 : 500,
    contestsAtOnce: 8,
    volunteers: 500,
    seniors: 100,
    bursts: quick ? 2 : 4,
    singles: quick ? 20 : 50,
    pendingJobs: 100_000,
    jobsDue: quick ? 300 : 1_000,
    idleMs: quick ? 4_000 : 10_000,
    pushes: quick ? 5_000 : 15_000,
    audience: quick ? 50_000 : 200_000,
    messages: quick ? 100_000 : 1_000_000,
  };
}

/** What the project promises, as ratios to the floor. */
export const TARGETS = {
  delivered: 0.6,
  cpuPerMessage: 1.5,
  /** Of anonymous sessions, which are stored in memory only. */
  counseling: 0.7,
  memoryPerConnection: 1.5,
  bookings: 0.6,
  batchedPerSecond: 3_000,
  pushes: 0.7,
} as const;
