import { once } from 'node:events';
import { join } from 'node:path';
import { type Started, startNode } from '../setup/processes';
import type { Dialect, Order, Pair, Report } from './protocol';

const GENERATOR = join(__dirname, 'generator.js');

/** Several load processes that act as one. */
export class LoadCrew {
  private readonly processes: Started[];

  constructor(size: number) {
    this.processes = Array.from({ length: size }, () => startNode(GENERATOR));
  }

  /** Connects both sides of every pair, in place of those before them; each process plays its share. */
  async connect(url: string, pairs: Pair[], dialect: Dialect = 'conversation'): Promise<void> {
    const share = Math.ceil(pairs.length / this.processes.length);
    await this.each('connected', (index) => ({
      kind: 'connect',
      url,
      dialect,
      pairs: pairs.slice(index * share, (index + 1) * share),
    }));
  }

  /** An order that has no answer. */
  tell(order: Order): void {
    for (const { child } of this.processes) child.send(order);
  }

  /** Gives every process its order and waits for all answers. */
  async each<Kind extends Report['kind']>(
    kind: Kind,
    orderOf: (index: number) => Order,
  ): Promise<Extract<Report, { kind: Kind }>[]> {
    return Promise.all(this.processes.map((started, index) => ask(started, kind, orderOf(index))));
  }

  async stop(): Promise<void> {
    await Promise.all(this.processes.map((started) => started.stop()));
  }
}

async function ask<Kind extends Report['kind']>(
  { child }: Started,
  kind: Kind,
  order: Order,
): Promise<Extract<Report, { kind: Kind }>> {
  const ended = new AbortController();
  const answer = once(child, 'message', { signal: ended.signal });
  const gone = (): void => ended.abort(new Error('a load process has ended'));
  child.once('exit', gone);
  child.send(order);
  const [report] = (await answer) as [Report];
  child.off('exit', gone);
  if (report.kind === 'failed') throw new Error(report.message);
  if (report.kind !== kind) throw new Error(`expected ${kind}, heard ${report.kind}`);
  return report as Extract<Report, { kind: Kind }>;
}
