import { eventually } from '../../testing/src/eventually';
import type { ConnectionState, KeyValueStorage, Me } from '../src';
import { KindlineClientError } from '../src/client-error';
import type { Connection } from '../src/connection/connection';
import type { Dialect, Draft, Stored } from '../src/conversations/dialect';
import { Outbox } from '../src/conversations/outbox';
import { memoryStorage, Shelf } from '../src/storage/storage';
import { WritableStore } from '../src/store';

const ME: Me = { sub: 'alice', email: null, name: null, roles: [] };

/** A server that stores by client id, and fails as told. */
class Server {
  readonly stored: Draft[] = [];
  /** What becomes of the next attempts: `lost` is stored, but the ack does not arrive. */
  readonly fates: (string | 'lost' | 'stored')[] = [];
  attempts = 0;

  async send(draft: Draft): Promise<Stored> {
    this.attempts++;
    const fate = this.fates.shift() ?? 'stored';
    if (fate !== 'lost' && fate !== 'stored') throw new KindlineClientError(fate, 'refused');
    let seq = this.stored.findIndex(({ clientId }) => clientId === draft.clientId) + 1;
    if (seq === 0) seq = this.stored.push(draft);
    if (fate === 'lost') throw new KindlineClientError('network', 'cut off');
    return { id: `id ${seq}`, seq, at: draft.at };
  }
}

function page(server: Server, storage: KeyValueStorage, me: Me = ME) {
  const state = new WritableStore<ConnectionState>({ status: 'online', code: null });
  const connection = { state, me: new WritableStore<Me | null>(me) } as Partial<Connection> as Connection;
  const dialect = { send: (draft: Draft) => server.send(draft) } as Partial<Dialect> as Dialect;
  const outbox = new Outbox(connection, new Shelf(storage), () => dialect);
  let written = 0;
  const draft = (content: string, conversationId = 'one'): Draft => ({
    ...{ content, conversationId, program: 'companion', replyTo: null, after: null },
    clientId: `${content} ${++written} ${Math.random()}`,
    at: new Date().toISOString(),
  });
  return { outbox, draft, state };
}

const empty = (storage: KeyValueStorage) =>
  eventually('nothing is kept any more', async () => (await storage.keys()).length === 0);
const contents = (server: Server): string[] => server.stored.map(({ content }) => content);

describe('the outbox', () => {
  beforeEach(() => jest.spyOn(Math, 'random').mockReturnValue(0.01));
  afterEach(() => jest.restoreAllMocks());

  it('keeps a message before it is sent, and drops it when it is stored', async () => {
    const [server, storage] = [new Server(), memoryStorage()];
    const { outbox, draft, state } = page(server, storage);
    state.set({ status: 'offline', code: null });
    const entry = await outbox.lane('one').add(draft('a'));
    expect(entry.message).toMatchObject({ state: 'sending', content: 'a', seq: null });
    expect(await storage.keys()).toHaveLength(1);
    expect(server.attempts).toBe(0);
    state.set({ status: 'online', code: null });
    await empty(storage);
    expect(contents(server)).toEqual(['a']);
    expect(outbox.lane('one').entries).toEqual([]);
  });

  it('sends again whatever may pass, without anything overtaking', async () => {
    const [server, storage] = [new Server(), memoryStorage()];
    server.fates.push('rate_limited', 'unavailable', 'lost', 'timeout', 'internal', 'stored', 'lost');
    const { outbox, draft } = page(server, storage);
    await Promise.all(['a', 'b', 'c'].map((content) => outbox.lane('one').add(draft(content))));
    await empty(storage);
    expect(contents(server)).toEqual(['a', 'b', 'c']);
  });

  it('shows what is refused for good as failed, and lets the others pass', async () => {
    const [server, storage] = [new Server(), memoryStorage()];
    server.fates.push('too_large');
    const { outbox, draft } = page(server, storage);
    const lane = outbox.lane('one');
    const refused = await lane.add(draft('a'));
    await lane.add(draft('b'));
    await eventually('the second is stored', () => contents(server).includes('b'));
    expect(refused.message).toMatchObject({ state: 'failed', error: { code: 'too_large' } });
    lane.retry(refused.message.key);
    await empty(storage);
    expect(contents(server)).toEqual(['b', 'a']);
  });

  it('takes back what failed or was never sent, and nothing that may be stored', async () => {
    const [server, storage] = [new Server(), memoryStorage()];
    const { outbox, draft, state } = page(server, storage);
    const lane = outbox.lane('one');
    state.set({ status: 'offline', code: null });
    const never = await lane.add(draft('a'));
    await lane.discard(never.message.key);
    await empty(storage);
    server.fates.push('lost', 'unavailable', 'unavailable', 'unavailable', 'unavailable');
    state.set({ status: 'online', code: null });
    const maybe = await lane.add(draft('b'));
    await eventually('it was tried', () => server.attempts > 0);
    await expect(lane.discard(maybe.message.key)).rejects.toMatchObject({ code: 'conflict' });
    await empty(storage);
    expect(contents(server)).toEqual(['b']);
  });

  it('sends after a reload what was left, first and under the same client id', async () => {
    const [server, storage] = [new Server(), memoryStorage()];
    const before = page(server, storage);
    server.fates.push('lost');
    for (const content of ['a', 'b']) void before.outbox.lane('one').add(before.draft(content));
    await eventually('one was tried', () => server.attempts === 1);
    before.state.set({ status: 'closed', code: null });
    const after = page(server, storage);
    await after.outbox.lane('one').add(after.draft('c'));
    await empty(storage);
    expect(contents(server)).toEqual(['a', 'b', 'c']);
  });

  it('keeps the order of what two pages have written in the same millisecond', async () => {
    jest.spyOn(Date, 'now').mockReturnValue(1_700_000_000_000);
    const [server, storage] = [new Server(), memoryStorage()];
    const before = page(server, storage);
    before.state.set({ status: 'offline', code: null });
    for (const content of ['a', 'b', 'c']) await before.outbox.lane('one').add(before.draft(content));
    const between = page(server, storage);
    between.state.set({ status: 'offline', code: null });
    for (const content of ['d', 'e']) await between.outbox.lane('one').add(between.draft(content));
    page(server, storage);
    await eventually('all are stored', () => contents(server).length === 5);
    expect(contents(server)).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it('breaks nothing when two pages have the same messages to send', async () => {
    const [server, storage] = [new Server(), memoryStorage()];
    const first = page(server, storage);
    first.state.set({ status: 'offline', code: null });
    for (const content of ['a', 'b', 'c']) void first.outbox.lane('one').add(first.draft(content));
    await eventually('all are kept', async () => (await storage.keys()).length === 3);
    page(server, storage);
    first.state.set({ status: 'online', code: null });
    await empty(storage);
    await eventually('both have sent', () => server.attempts === 6);
    expect(contents(server)).toEqual(['a', 'b', 'c']);
  });

  it('leaves alone what another person has not sent, also one whose name begins alike', async () => {
    const [server, storage] = [new Server(), memoryStorage()];
    const alice = page(server, storage);
    alice.state.set({ status: 'offline', code: null });
    await alice.outbox.lane('one').add(alice.draft('of alice'));
    const other = page(server, storage, { ...ME, sub: 'ali' });
    page(server, storage, { ...ME, sub: 'alice:other' });
    await other.outbox.lane('one').add(other.draft('of ali'));
    await eventually('that is stored', () => server.stored.length === 1);
    expect(contents(server)).toEqual(['of ali']);
  });

  it('goes on with memory when storage refuses', async () => {
    const server = new Server();
    const refuse = (): never => {
      throw new Error('QuotaExceededError');
    };
    const { outbox, draft } = page(server, { get: refuse, set: refuse, remove: refuse, keys: refuse });
    await outbox.lane('one').add(draft('a'));
    await eventually('it is stored', () => contents(server).length === 1);
  });
});
