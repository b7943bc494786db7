import type { ExpansionRound, PushesResult, PushRound } from '../measures/pushes';
import { TARGETS } from '../settings';
import { type Comparison, median } from './summary';

type Figure = Exclude<keyof PushRound, 'side'>;

/** Medians of floor and worker, and of the ratios of neighbouring rounds. */
export function pushComparisons(result: PushesResult | undefined): Comparison[] {
  if (!result) return [];
  const perSecond = compare(result.rounds, 'perSecond');
  const target = { text: `≥ ${TARGETS.pushes}`, met: perSecond.ratio >= TARGETS.pushes };
  return [
    { name: 'pushes/s of an announcement', ...perSecond, digits: 0, target },
    { name: "sender's CPU µs per push", ...compare(result.rounds, 'cpuPerPush'), digits: 1 },
    { name: "sandbox' CPU µs per push", ...compare(result.rounds, 'sandboxPerPush'), digits: 1 },
  ];
}

export function pushLines(result: PushesResult | undefined): string[] {
  if (!result) return [];
  const { rounds, expansions, peakMib } = result;
  const of = (figure: keyof ExpansionRound): number => median(expansions.map((round) => round[figure]));
  const faults = [...rounds, ...expansions].reduce((sum, round) => sum + round.faults, 0);
  return [
    `Postgres' CPU per push of an announcement: ${compare(rounds, 'postgresPerPush').gateway.toFixed(0)} µs. ` +
      `The worker held ${peakMib.sending.toFixed(0)} MiB at most.`,
    `Expansion of an announcement among ${of('people')} people by one worker: ` +
      `${Math.round(of('peoplePerSecond'))} people/s; its CPU per person ${of('workerPerPerson').toFixed(1)} µs, ` +
      `Postgres' ${of('postgresPerPerson').toFixed(0)} µs; it held ${peakMib.expanding.toFixed(0)} MiB at most.`,
    `Pushes lost, repeated or not accounted for, notifications too few or too many: ${faults}.`,
  ];
}

function compare(rounds: PushRound[], figure: Figure): Pick<Comparison, 'floor' | 'gateway' | 'ratio'> {
  const of = (side: PushRound['side']): number[] =>
    rounds.filter((round) => round.side === side).map((round) => round[figure]);
  const [floor, gateway] = [of('floor'), of('gateway')];
  const ratios = gateway.map((value, round) => value / (floor[round] ?? NaN));
  return { floor: median(floor), gateway: median(gateway), ratio: median(ratios) };
}
