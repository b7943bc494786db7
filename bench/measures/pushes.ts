import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PushesSent, PushOrder } from '../floor/push-client';
import type { Settings } from '../settings';
import { AudienceMaker } from '../setup/audience';
import type { Infra } from '../setup/infra';
import type { People } from '../setup/people';
import { cpuSeconds, familyCpuSeconds, peakBytes } from '../setup/proc';
import type { Started } from '../setup/processes';
import {
  type Sandbox,
  type Server,
  startNotificationWorker,
  startPushClient,
  startPushSandbox,
  startSessionApi,
} from '../setup/servers';
import type { Side } from './messages';

/** As many as the worker has: jobs side by side, and requests of each one. */
const UNDER_WAY = 4 * 25;
const WARM_UP = 2_000;
const MATCHING = 0.6;
const MOST_MS = 60_000;

/** One announcement of the worker, or as many pushes of the floor. */
export interface PushRound {
  side: Side;
  perSecond: number;
  /** CPU microseconds a push: of who sends, of the sandbox, of Postgres. */
  cpuPerPush: number;
  sandboxPerPush: number;
  postgresPerPush: number;
  /** Pushes that the sandbox did not see exactly once, or that the ledger does not call accepted: must be 0. */
  faults: number;
}

/** One announcement that is written for whom it is for, while nearly nothing is sent. */
export interface ExpansionRound {
  /** Looked at, of whom 60 % match. */
  people: number;
  peoplePerSecond: number;
  workerPerPerson: number;
  postgresPerPerson: number;
  /** Notifications too few or too many: must be 0. */
  faults: number;
}

export interface PushesResult {
  rounds: PushRound[];
  expansions: ExpansionRound[];
  /** The most memory a worker held while it sent, and while it expanded. */
  peakMib: { sending: number; expanding: number };
}

/** Floor and worker in turns against the same sandbox; then the worker's expansion alone. */
export async function measurePushes(
  settings: Settings,
  infra: Infra,
  people: People,
  say: (line: string) => void,
  profileDir?: string,
): Promise<PushesResult> {
  const audience = new AudienceMaker(infra);
  const token = await people.admin();
  const [sandbox, api] = await Promise.all([startPushSandbox(infra), startSessionApi(infra)]);
  const bench = new PushBench(infra, audience, sandbox, api, token);
  const sending = await bench.sending(settings, say, profileDir);
  const expanding = await bench.expanding(settings, say);
  await Promise.all([sandbox.stop(), api.stop()]);
  await audience.close();
  return {
    rounds: sending.rounds,
    expansions: expanding.rounds,
    peakMib: { sending: sending.peakMib, expanding: expanding.peakMib },
  };
}

class PushBench {
  constructor(
    private readonly infra: Infra,
    private readonly audience: AudienceMaker,
    private readonly sandbox: Sandbox,
    private readonly api: Server,
    private readonly token: string,
  ) {}

  async sending(
    { pushes, rounds: count }: Settings,
    say: (line: string) => void,
    profileDir?: string,
  ): Promise<{ rounds: PushRound[]; peakMib: number }> {
    await this.audience.make('warmUp', WARM_UP);
    await this.audience.make('addressed', pushes);
    const floor = startPushClient(profileDir);
    const worker = await startNotificationWorker(this.infra, this.sandbox, {}, profileDir);
    // Plans of tables that were empty when they were last looked at are not what a running system has.
    await this.until(await this.announce('warmUp'), 'finished');
    await this.audience.tidy();
    const rounds: PushRound[] = [];
    for (let round = 1; round <= count; round++) {
      for (const side of ['floor', 'gateway'] as const) {
        const result = await (side === 'floor' ? this.byFloor(floor, pushes) : this.byWorker(worker, pushes));
        rounds.push({ side, ...result });
        say(
          `  round ${round}/${count}, ${side === 'floor' ? 'floor ' : 'worker'} ${Math.round(result.perSecond)} pushes/s, ` +
            `${result.cpuPerPush.toFixed(0)} µs CPU a push, sandbox ${result.sandboxPerPush.toFixed(0)} µs, ` +
            `Postgres ${result.postgresPerPush.toFixed(0)} µs`,
        );
      }
    }
    const peakMib = peakBytes(worker.pid) / 1_024 ** 2;
    await Promise.all([floor.stop(), worker.stop()]);
    return { rounds, peakMib };
  }

  /** The rate lets one push leave, so that what is measured is writing alone. */
  async expanding(
    { audience: people, rounds: count }: Settings,
    say: (line: string) => void,
  ): Promise<{ rounds: ExpansionRound[]; peakMib: number }> {
    await this.audience.make('expanded', people, MATCHING);
    const slow = { RATE_LIMIT_DISABLED: 'false', RATE_LIMIT_CAMPAIGN_PUSHES: '1/1h' };
    const rounds: ExpansionRound[] = [];
    let peakMib = 0;
    for (let round = 1; round <= count; round++) {
      await this.audience.forgetCampaigns();
      const worker = await startNotificationWorker(this.infra, this.sandbox, slow);
      const before = this.cpu(worker);
      const began = performance.now();
      const id = await this.announce('expanded');
      await this.until(id, 'expanded');
      const seconds = (performance.now() - began) / 1_000;
      const after = this.cpu(worker);
      const written = await this.audience.notifications(id);
      peakMib = Math.max(peakMib, peakBytes(worker.pid) / 1_024 ** 2);
      await worker.stop();
      const peoplePerSecond = people / seconds;
      rounds.push({
        people,
        peoplePerSecond,
        workerPerPerson: ((after.sender - before.sender) / people) * 1e6,
        postgresPerPerson: ((after.postgres - before.postgres) / people) * 1e6,
        faults: Math.abs(written - people * MATCHING),
      });
      say(`  round ${round}/${count}, expansion ${Math.round(peoplePerSecond)} people/s`);
    }
    return { rounds, peakMib };
  }

  private async byFloor(floor: Started, count: number): Promise<Omit<PushRound, 'side'>> {
    await this.order(floor, WARM_UP);
    await this.sandbox.clear();
    const before = this.cpu(floor);
    const { seconds, failed } = await this.order(floor, count);
    const spent = this.spent(before, this.cpu(floor), count);
    const seen = await this.sandbox.tokens();
    await this.sandbox.clear();
    return { perSecond: count / seconds, ...spent, faults: failed + notOnce(seen, count) };
  }

  private async byWorker(worker: Server, count: number): Promise<Omit<PushRound, 'side'>> {
    await this.until(await this.announce('warmUp'), 'finished');
    await this.sandbox.clear();
    const before = this.cpu(worker);
    const began = performance.now();
    const id = await this.announce('addressed');
    await this.until(id, 'finished');
    const seconds = (performance.now() - began) / 1_000;
    const spent = this.spent(before, this.cpu(worker), count);
    const ledger = await this.audience.ledger(id);
    const seen = await this.sandbox.tokens();
    await this.sandbox.clear();
    const faults = Math.abs(count - (ledger.get('accepted') ?? 0)) + ledger.size - 1 + notOnce(seen, count);
    return { perSecond: count / seconds, ...spent, faults };
  }

  private async order(floor: Started, count: number): Promise<PushesSent> {
    const { endpoint, caFile } = this.sandbox;
    const answered = once(floor.child, 'message', { signal: AbortSignal.timeout(MOST_MS) });
    floor.child.send({ endpoint, caFile, count, underWay: UNDER_WAY } satisfies PushOrder);
    const [sent] = (await answered) as [PushesSent];
    return sent;
  }

  private async announce(group: 'warmUp' | 'addressed' | 'expanded'): Promise<string> {
    const response = await fetch(`${this.api.url}/api/notifications`, {
      method: 'POST',
      headers: { authorization: `Bearer ${this.token}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        title: 'Something new',
        body: 'Have a look at what is new this week.',
        category: 'promotional',
        target: this.audience.targetOf(group),
      }),
    });
    if (!response.ok) throw new Error(`an announcement was answered with ${response.status}`);
    return ((await response.json()) as { id: string }).id;
  }

  private async until(campaignId: string, state: 'expanded' | 'finished'): Promise<void> {
    const deadline = Date.now() + MOST_MS;
    while (!(await this.audience.campaign(campaignId))?.[state]) {
      if (Date.now() > deadline) throw new Error(`an announcement was not ${state} within a minute`);
      await sleep(20);
    }
  }

  private cpu(sender: Started): Record<'sender' | 'sandbox' | 'postgres', number> {
    return {
      sender: cpuSeconds(sender.pid),
      sandbox: cpuSeconds(this.sandbox.pid),
      postgres: familyCpuSeconds(this.infra.postgresPid),
    };
  }

  private spent(
    before: ReturnType<PushBench['cpu']>,
    after: ReturnType<PushBench['cpu']>,
    count: number,
  ): Pick<PushRound, 'cpuPerPush' | 'sandboxPerPush' | 'postgresPerPush'> {
    const each = (who: keyof typeof before): number => ((after[who] - before[who]) / count) * 1e6;
    return {
      cpuPerPush: each('sender'),
      sandboxPerPush: each('sandbox'),
      postgresPerPush: each('postgres'),
    };
  }
}

/** How many of `expected` different tokens were seen not at all, or again. */
function notOnce(seen: readonly string[], expected: number): number {
  const different = new Set(seen).size;
  return Math.abs(expected - different) + (seen.length - different);
}
