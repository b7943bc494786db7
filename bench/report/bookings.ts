import { type BookingRound, type Way, WAYS } from '../measures/bookings';
import { TARGETS } from '../settings';
import { type Comparison, median } from './summary';

type Figure = Exclude<
  { [Key in keyof BookingRound]: BookingRound[Key] extends number ? Key : never }[keyof BookingRound],
  never
>;

/** Medians of both sides and of the ratios of neighbouring rounds, for every way in which bookings are published. */
export function bookingComparisons(rounds: BookingRound[]): Comparison[] {
  if (rounds.length === 0) return [];
  return WAYS.flatMap((way): Comparison[] => {
    const of = (figure: Figure) => compare(rounds, way, figure);
    const answered = of('answeredPerSecond');
    const nobody = way.includes('nobody');
    const overSockets = way.startsWith('sockets');
    return [
      {
        name: `bookings ${nobody ? 'stored' : 'stored and delivered'}/s, ${way}`,
        ...answered,
        digits: 0,
        target: overSockets
          ? { text: `≥ ${TARGETS.bookings}`, met: answered.ratio >= TARGETS.bookings }
          : { text: `≥ ${TARGETS.batchedPerSecond}/s`, met: answered.gateway >= TARGETS.batchedPerSecond },
      },
      ...(nobody ? [] : [{ name: `publish to receipt p99 ms, ${way}`, ...of('receiptP99'), digits: 1 }]),
      { name: `server CPU µs per booking, ${way}`, ...of('cpuPerBooking'), digits: 1 },
    ];
  });
}

export function bookingLines(rounds: BookingRound[]): string[] {
  if (rounds.length === 0) return [];
  const faults = rounds.reduce((sum, round) => sum + round.faults, 0);
  const postgres = WAYS.map(
    (way) => `${way}: ${compare(rounds, way, 'postgresPerBooking').gateway.toFixed(0)} µs`,
  );
  return [
    `Postgres' CPU per booking. ${postgres.join('; ')}.`,
    `Bookings refused, received by somebody else or lost: ${faults}.`,
  ];
}

function compare(rounds: BookingRound[], way: Way, figure: Figure) {
  const of = (side: BookingRound['side']): number[] =>
    rounds.filter((round) => round.way === way && round.side === side).map((round) => round[figure]);
  const [floor, gateway] = [of('floor'), of('gateway')];
  const ratios = gateway.map((value, round) => value / (floor[round] ?? NaN));
  return { floor: median(floor), gateway: median(gateway), ratio: median(ratios) };
}
