import { createDataSource } from '@kindline/database';
import { ConversationList, History, type Page } from '@kindline/domain';
import { z } from 'zod';
import { Histogram } from '../load/histogram';
import type { Settings } from '../settings';
import type { Infra } from '../setup/infra';
import { makeLongConversation } from '../setup/long-conversation';

/** One place of a very long history, read again and again. */
export interface HistoryResult {
  place: string;
  limit: number;
  p50: number;
  p99: number;
  /** Pages of tables and indexes that the statement touched: what it costs on any machine. */
  buffers: number;
  /** Pages that did not hold the messages that stand there: must be 0. */
  faults: number;
}

const LIMITS = [100, 500];
const WARM_UP = 5;
const READS = 50;

const plan = z.array(
  z.object({
    'QUERY PLAN': z.array(
      z.object({ Plan: z.object({ 'Shared Hit Blocks': z.int(), 'Shared Read Blocks': z.int() }) }),
    ),
  }),
);

/** Both ends and the middle of one conversation's history, and its unread ones in a list of conversations. */
export async function measureHistory(
  { messages }: Settings,
  infra: Infra,
  say: (line: string) => void,
): Promise<HistoryResult[]> {
  const { id, helperId } = await makeLongConversation(infra, messages);
  const dataSource = await createDataSource({ url: infra.databaseUrl, poolSize: 1 }).initialize();
  const statements: [string, unknown[] | undefined][] = [];
  const query = dataSource.query.bind(dataSource);
  dataSource.query = (sql: string, parameters?: unknown[]) => {
    statements.push([sql, parameters]);
    return query(sql, parameters);
  };

  async function measure(place: string, limit: number, read: () => Promise<boolean>): Promise<HistoryResult> {
    const times = Histogram.empty();
    let faults = 0;
    for (let nth = 0; nth < WARM_UP + READS; nth++) {
      const began = performance.now();
      const right = await read();
      if (nth >= WARM_UP) times.record(performance.now() - began);
      if (!right) faults += 1;
    }
    const [sql, parameters] = statements.at(-1) ?? ['SELECT', []];
    const [row] = plan.parse(await query(`EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${sql}`, parameters));
    const top = row?.['QUERY PLAN'][0]?.Plan;
    const buffers = top ? top['Shared Hit Blocks'] + top['Shared Read Blocks'] : NaN;
    const result = { place, limit, p50: times.percentile(0.5), p99: times.percentile(0.99), buffers, faults };
    say(`  ${place}, ${limit} messages: ${result.p50.toFixed(1)} ms (p50), ${buffers} pages`);
    return result;
  }

  try {
    const history = new History(dataSource);
    const results: HistoryResult[] = [];
    for (const limit of LIMITS) {
      const middle = Math.floor(messages / 2);
      const from = (seq: number) => (page: Page) =>
        page.messages.length === limit && page.messages.every((message, nth) => message.seq === seq + nth);
      const before = (seq: number | undefined) => history.before(id, seq, limit);
      const after = (seq: number) => history.after(id, seq, limit);
      const places: [string, () => Promise<boolean>][] = [
        ['the newest', () => before(undefined).then(from(messages - limit + 1))],
        ['before the middle', () => before(middle).then(from(middle - limit))],
        ['the oldest', () => before(limit + 1).then(from(1))],
        ['after none', () => after(0).then(from(1))],
        ['after all but a page', () => after(messages - limit).then(from(messages - limit + 1))],
      ];
      for (const [place, read] of places) results.push(await measure(place, limit, read));
    }
    const list = new ConversationList(dataSource);
    const unread = async (): Promise<boolean> => (await list.one(helperId, id)).unread > 0;
    return [...results, await measure('everything unread, in the list', 1, unread)];
  } finally {
    await dataSource.destroy();
  }
}
