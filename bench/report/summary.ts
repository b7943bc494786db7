import type { MemoryResult } from '../measures/memory';
import type { MessageRound, Side } from '../measures/messages';

/** One line of the table: what both servers did, and the gateway's share of the floor's. */
export interface Comparison {
  name: string;
  floor: number;
  gateway: number;
  ratio: number;
  digits: number;
  target?: { text: string; met: boolean };
}

type Figure = Exclude<
  { [Key in keyof MessageRound]: MessageRound[Key] extends number ? Key : never }[keyof MessageRound],
  never
>;

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  return low === undefined || high === undefined ? NaN : (low + high) / 2;
}

/** The figures of one side at one setting, in the order of the rounds. */
export function figures(rounds: MessageRound[], side: Side, inFlight: number, figure: Figure): number[] {
  return rounds
    .filter((round) => round.side === side && round.inFlight === inFlight)
    .map((round) => round[figure]);
}

/**
 * Medians of both sides, and the median of the ratios of neighbouring rounds: what else the machine does
 * meanwhile touches both neighbours alike.
 */
export function compareRounds(
  rounds: MessageRound[],
  inFlight: number,
  figure: Figure,
): Pick<Comparison, 'floor' | 'gateway' | 'ratio'> {
  const floor = figures(rounds, 'floor', inFlight, figure);
  const gateway = figures(rounds, 'gateway', inFlight, figure);
  const ratios = gateway.map((value, round) => value / (floor[round] ?? NaN));
  return { floor: median(floor), gateway: median(gateway), ratio: median(ratios) };
}

export function compareMemory(results: MemoryResult[]): Pick<Comparison, 'floor' | 'gateway' | 'ratio'> {
  const of = (side: Side): number =>
    (results.find((result) => result.side === side)?.bytesPerConnection ?? NaN) / 1024;
  return { floor: of('floor'), gateway: of('gateway'), ratio: of('gateway') / of('floor') };
}
