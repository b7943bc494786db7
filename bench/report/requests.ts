import { type Asking, ASKINGS, type RequestRound } from '../measures/requests';
import { type Comparison, median } from './summary';

type Figure = Exclude<keyof RequestRound, 'side' | 'asking' | 'faults'>;

const FIGURES: [Figure, string][] = [
  ['shownP50', 'request to last receipt p50 ms'],
  ['shownP99', 'request to last receipt p99 ms'],
  ['ackP50', 'request to ack p50 ms'],
  ['ackP99', 'request to ack p99 ms'],
  ['cpuPerReceipt', 'server CPU µs per receipt'],
];

/** Medians of both sides and of the ratios of neighbouring rounds, for both ways of asking. */
export function requestComparisons(rounds: RequestRound[]): Comparison[] {
  if (rounds.length === 0) return [];
  return ASKINGS.flatMap((asking) =>
    FIGURES.map(([figure, name]) => ({
      name: `${name}, ${asking}`,
      ...compare(rounds, asking, figure),
      digits: 1,
    })),
  );
}

export function requestLines(rounds: RequestRound[]): string[] {
  if (rounds.length === 0) return [];
  const faults = rounds.reduce((sum, round) => sum + round.faults, 0);
  const postgres = ASKINGS.map(
    (asking) => `${asking}: ${(compare(rounds, asking, 'postgresPerRequest').gateway / 1_000).toFixed(1)} ms`,
  );
  return [
    `Postgres' CPU per request. ${postgres.join('; ')}.`,
    `Requests refused, not received by a volunteer or received twice: ${faults}.`,
  ];
}

function compare(rounds: RequestRound[], asking: Asking, figure: Figure) {
  const of = (side: RequestRound['side']): number[] =>
    rounds.filter((round) => round.asking === asking && round.side === side).map((round) => round[figure]);
  const [floor, gateway] = [of('floor'), of('gateway')];
  const ratios = gateway.map((value, round) => value / (floor[round] ?? NaN));
  return { floor: median(floor), gateway: median(gateway), ratio: median(ratios) };
}
