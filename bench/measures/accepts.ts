import { LoadCrew } from '../load/crew';
import { Histogram } from '../load/histogram';
import type { Settings } from '../settings';
import type { Infra } from '../setup/infra';
import type { People } from '../setup/people';
import { cpuSeconds } from '../setup/proc';
import { startSessionApi } from '../setup/servers';

/** How fast one session API process decides who is first. */
export interface AcceptsResult {
  requests: number;
  contestsAtOnce: number;
  winnersPerSecond: number;
  answersPerSecond: number;
  winnerP50: number;
  winnerP99: number;
  answerP50: number;
  answerP99: number;
  serverBusy: number;
  /** Requests without exactly one winner, and unexpected answers: must be 0. */
  faults: number;
}

/** Fifteen volunteers accept one request at the same moment; many requests, some side by side. */
export async function measureAccepts(
  { requests, contestsAtOnce }: Settings,
  infra: Infra,
  people: People,
  say: (line: string) => void,
): Promise<AcceptsResult> {
  const groups = contestsAtOnce * 4;
  const warmUp = await people.contests(groups * 2, groups);
  const contests = await people.contests(requests, groups);
  const server = await startSessionApi(infra);
  const crew = new LoadCrew(1);
  const run = async (some: typeof contests) =>
    (
      await crew.each('accepted', () => ({
        kind: 'accept',
        url: server.url,
        contests: some,
        side: contestsAtOnce,
      }))
    )[0];
  await run(warmUp);
  const before = cpuSeconds(server.pid);
  const seen = await run(contests);
  const busy = cpuSeconds(server.pid) - before;
  await Promise.all([crew.stop(), server.stop()]);
  if (!seen) throw new Error('the load process told nothing');
  const winner = Histogram.merge([seen.winnerLatency]);
  const answer = Histogram.merge([seen.answerLatency]);
  const result = {
    requests,
    contestsAtOnce,
    winnersPerSecond: seen.won / seen.seconds,
    answersPerSecond: (seen.won + seen.late) / seen.seconds,
    winnerP50: winner.percentile(0.5),
    winnerP99: winner.percentile(0.99),
    answerP50: answer.percentile(0.5),
    answerP99: answer.percentile(0.99),
    serverBusy: busy / seen.seconds,
    faults: seen.wrong,
  };
  say(
    `  ${requests} requests, 15 volunteers each: ${Math.round(result.winnersPerSecond)} accepted/s, ` +
      `${Math.round(result.answersPerSecond)} answers/s`,
  );
  return result;
}
