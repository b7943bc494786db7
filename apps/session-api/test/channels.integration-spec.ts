import type { ChannelView } from '@kindline/contracts';
import type { TestPerson } from '@kindline/testing';
import { type Answer, ApiWorld } from './api-world';
import { expectProblem } from './refusals';

describe('support channels over HTTP', () => {
  let world: ApiWorld;
  beforeAll(async () => {
    world = await ApiWorld.start();
  });
  afterEach(async () => {
    await world.sql.query('DELETE FROM conversations');
  });
  afterAll(() => world.stop());

  const channelIn = ({ body }: Answer): ChannelView => body['channel'] as ChannelView;
  const open = async (seeker: TestPerson, body: object = {}): Promise<ChannelView> =>
    channelIn(await world.expectStatus(201, world.as(seeker, 'POST', '/api/chat/support', body)));
  const act = (person: TestPerson, { id }: ChannelView, action: string, body: object = {}): Promise<Answer> =>
    world.as(person, 'POST', `/api/chat/channels/${id}/${action}`, body);
  const done = async (answer: Promise<Answer>): Promise<ChannelView> =>
    channelIn(await world.expectStatus(200, answer));
  const list = async (person: TestPerson, query = '') => {
    const { body } = await world.expectStatus(200, world.as(person, 'GET', `/api/chat/channels${query}`));
    const channels = body['channels'] as ChannelView[];
    return { channels, ids: channels.map(({ id }) => id), cursor: body['cursor'] as string | null };
  };
  /** All pages. */
  const listBy = async (person: TestPerson, limit: number, query = ''): Promise<string[]> => {
    const ids: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page = await list(person, `?limit=${limit}${query}${cursor && `&cursor=${cursor}`}`);
      ids.push(...page.ids);
      cursor = page.cursor;
    }
    return ids;
  };

  it('open without a subject or a message, and with both', async () => {
    const user = await world.person('senior');
    expect(await open(user)).toEqual({
      id: expect.any(String),
      subject: null,
      status: 'open',
      claimed: false,
      created_at: expect.any(String),
      closed_at: null,
      last_message_at: null,
      last_seq: 0,
      members: [{ sub: user.sub, name: 'Robin', role: 'seeker' }],
      read_by: [{ sub: user.sub, seq: 0 }],
      unread: 0,
    });
    const second = await open(user, { subject: 'Cards', message: 'Mine is lost' });
    expect(second).toMatchObject({ subject: 'Cards', last_seq: 1, last_message_at: expect.any(String) });
    const { body } = await world.as(user, 'GET', `/api/conversations/${second.id}`);
    expect(body).toMatchObject({ id: second.id, program: 'support', status: 'active', unread: 0 });
  });

  it('list to agents what waits, the oldest first, and then their own, newest activity first, page by page', async () => {
    const [user, agent] = [await world.person('user'), await world.person('agent')];
    const own: ChannelView[] = [];
    for (let n = 0; n < 4; n++) own.push(await open(user, { subject: `own ${n}` }));
    for (const channel of own) await done(act(agent, channel, 'claim'));
    const waiting: ChannelView[] = [];
    for (let n = 0; n < 4; n++) waiting.push(await open(user, { subject: `waiting ${n}` }));
    await act(user, own[1] as ChannelView, 'messages', { content: 'hello' });
    const [zero, one, two, three] = own.map(({ id }) => id);
    const expected = [...waiting.map(({ id }) => id), one, three, two, zero];
    for (const limit of [1, 3, 4, 5, 8, 50]) expect(await listBy(agent, limit)).toEqual(expected);
    expect(await listBy(agent, 3, '&status=unclaimed')).toEqual(waiting.map(({ id }) => id));
    expect((await list(agent)).channels.at(4)).toMatchObject({ id: one, unread: 1, claimed: true });

    await done(act(agent, own[2] as ChannelView, 'close'));
    expect((await list(agent, '?status=closed')).ids).toEqual([two]);
    expect((await list(agent, '?status=ended')).ids).toEqual([two]);
    for (const limit of [1, 2, 7]) expect(await listBy(agent, limit)).toEqual(expected);
    await done(act(agent, own[3] as ChannelView, 'close'));
    for (const limit of [1, 2]) expect(await listBy(agent, limit, '&status=closed')).toEqual([three, two]);
    await done(act(user, own[3] as ChannelView, 'reopen'));
    // That is its newest activity.
    expected.splice(4, 3, three, one, two);
    for (const limit of [1, 5, 50]) expect(await listBy(agent, limit)).toEqual(expected);
    expect((await list(agent, '?status=closed')).ids).toEqual([two]);
    expect((await list(agent, '?status=open')).ids).toEqual(expected.filter((id) => id !== two));
    expect(await listBy(user, 3, '&status=active')).toEqual([
      three,
      one,
      ...waiting.map(({ id }) => id).reverse(),
      zero,
    ]);
    expect((await list(await world.person('supervisor'))).ids).toEqual(waiting.map(({ id }) => id));
    expect((await list(await world.person('user'))).ids).toEqual([]);
    expectProblem(await world.as(user, 'GET', '/api/chat/channels?status=unclaimed'), 'forbidden');
  });

  it("let backends act in somebody's name", async () => {
    const user = await world.person('user');
    const opened = await world.backend('POST', '/api/chat/support', { message: 'for them' }, user.sub);
    expect(opened.status).toBe(201);
    const { id } = channelIn(opened);
    const sent = await world.backend(
      'POST',
      `/api/chat/channels/${id}/messages`,
      { content: 'more' },
      user.sub,
    );
    expect(sent.body).toMatchObject({ seq: 2, sender_id: user.sub, conversation_id: id, read_at: null });
    expectProblem(await world.backend('POST', '/api/chat/support', {}), 'forbidden');
  });

  it('take a claim of whoever opened them from nobody', async () => {
    const both = await world.person('user', 'agent');
    const channel = await open(both, { message: 'mine' });
    expectProblem(await act(both, channel, 'claim'), 'forbidden');
    expect((await list(both)).ids).toEqual([channel.id]);
  });

  it('show what was read, in the channel and in its messages', async () => {
    const [user, agent] = [await world.person('user'), await world.person('agent')];
    const channel = await open(user, { message: 'one' });
    await done(act(agent, channel, 'claim'));
    expect((await list(agent)).channels).toMatchObject([{ unread: 1 }]);
    const read = await act(agent, channel, 'read', { seq: 1 });
    expect([read.status, read.body]).toEqual([200, { seq: 1 }]);
    expect((await list(agent)).channels).toMatchObject([{ unread: 0 }]);
    const { body } = await world.as(user, 'GET', `/api/chat/channels/${channel.id}`);
    expect((body['channel'] as ChannelView).read_by).toContainEqual({ sub: agent.sub, seq: 1 });
    const messages = await world.as(user, 'GET', `/api/chat/channels/${channel.id}/messages?after=0`);
    expect(messages.body).toMatchObject({
      messages: [{ seq: 1, read_at: expect.any(String) }],
      has_more: false,
    });
    expectProblem(await act(agent, channel, 'read', { seq: 2 }), 'validation_failed');
  });

  it('bring in an agent of a supervisor’s choice, once there is room', async () => {
    const [user, agent, supervisor] = [
      await world.person('user'),
      await world.person('agent'),
      await world.person('supervisor'),
    ];
    const channel = await open(user, { message: 'one' });
    await world.sql.query(`UPDATE helper_profiles SET capacities = '{"support": 0}'`);
    expectProblem(await act(supervisor, channel, 'members', { sub: agent.sub }), 'at_capacity');
    await world.sql.query(`UPDATE helper_profiles SET capacities = '{}', active = false`);
    expectProblem(await act(supervisor, channel, 'members', { sub: agent.sub }), 'validation_failed');
    await world.sql.query(`UPDATE helper_profiles SET active = true`);
    const claimed = await done(act(supervisor, channel, 'members', { sub: agent.sub }));
    expect(claimed.members).toContainEqual({ sub: agent.sub, name: 'Robin', role: 'helper' });
    const other = await world.person('agent');
    expectProblem(await act(other, channel, 'members', { sub: other.sub }), 'forbidden');
    await done(act(user, channel, 'close'));
    expectProblem(await act(supervisor, channel, 'members', { sub: other.sub }), 'conversation_ended');
  });

  it('keep their row on its page when a message comes while they wait', async () => {
    const user = await world.person('user');
    const channel = await open(user, { message: 'one' });
    const client = await world.sql.connect();
    await client.query('BEGIN');
    await client.query(
      `SELECT append_messages(ARRAY[gen_random_uuid()], ARRAY[$1::uuid], ARRAY[$2::uuid], ARRAY[NULL::text], ARRAY['text'],
        ARRAY['two'], ARRAY[NULL::jsonb], '{}', '{}', 1000, now())`,
      [channel.id, await world.idOf(user)],
    );
    const { rows } = await client.query(
      `SELECT pg_stat_get_xact_tuples_updated(t)::int AS updated, pg_stat_get_xact_tuples_hot_updated(t)::int AS hot
      FROM (SELECT 'conversations'::regclass AS t) moved`,
    );
    await client.query('ROLLBACK');
    client.release();
    expect(rows).toEqual([{ updated: 1, hot: 1 }]);
  });
});
