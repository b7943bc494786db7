import { createTestDatabase, type TestDatabase } from '@kindline/testing';
import { NewsDesk } from '../src/delivery/news-desk';
import { announced, done } from './companion-kit';
import { at, pushDue, type TestPerson, World } from './kit';
import {
  act,
  add,
  agentOn,
  channelOf,
  compareAgain,
  fill,
  join,
  list,
  open,
  post,
  send,
  seqsOn,
  show,
  updateOf,
} from './support-kit';
import { Subscriptions } from './unheard';

jest.setTimeout(60_000);

describe('channels and those who have left them', () => {
  let database: TestDatabase;
  let world: World;
  let subscriptions: Subscriptions;

  beforeAll(async () => {
    database = await createTestDatabase();
    world = await World.start(database.url);
    subscriptions = new Subscriptions(world);
  });
  afterAll(async () => {
    subscriptions.close();
    await world.stop();
    await database.drop();
  });
  afterEach(async () => {
    await subscriptions.mend();
    // Nobody of the next test is given what is left of this one.
    await world.sql.query(`UPDATE helper_profiles SET active = false`);
  });

  const setCapacity = async ({ sub }: TestPerson, capacity: number): Promise<void> => {
    await world.sql.query(
      `UPDATE helper_profiles SET capacities = jsonb_build_object('support', $2::int)
      WHERE person_id = (SELECT id FROM people WHERE sub = $1)`,
      [sub, capacity],
    );
  };

  it('show nothing to an agent without whom they were opened again, though no gateway heard of it', async () => {
    const agent = await agentOn(world, 1);
    const user = await world.connect(await world.person('user'), 0);
    const channel = await open(world, user.person, { message: 'hello' });
    await agent.next('channel:message', ({ channelId }) => channelId === channel.id);
    channelOf(await add(world, agent.person, channel, await world.person('agent')));
    await announced(world);
    await setCapacity(agent.person, 0);
    await subscriptions.unheard(async () => {
      channelOf(await act(world, user.person, 'close', channel));
      channelOf(await act(world, user.person, 'reopen', channel));
      expect(await post(world, user.person, channel, 'not for them')).toMatchObject({ status: 201 });
      await fill(world, channel, 600);
    });
    await compareAgain(world);
    await compareAgain(world);
    expect(seqsOn(agent, channel)).toEqual([1]);
    expect(await show(world, user.person, channel)).toMatchObject({ status: 200 });
  });

  it('show them nothing either where a message overtakes the news that they are no members', async () => {
    const agent = await agentOn(world, 1);
    const user = await world.person('user');
    const channel = await open(world, user, { message: 'hello' });
    await agent.next('channel:message', ({ channelId }) => channelId === channel.id);
    await announced(world);
    const { rows } = await world.sql.query<{ id: string; version: number }>(
      `SELECT p.id, c.version FROM people p, conversations c WHERE p.sub = $1 AND c.id = $2`,
      [user.sub, channel.id],
    );
    const { id: userId, version } = at(rows, 0);
    const message = {
      id: '01900000-0000-7000-8000-000000000000',
      seq: 2,
      conversationId: channel.id,
      senderId: userId,
      senderSub: user.sub,
      senderEmail: null,
      content: 'not for them',
      type: 'text' as const,
      replyTo: null,
      createdAt: new Date().toISOString(),
    };
    const batch = {
      id: channel.id,
      program: 'support' as const,
      version: version + 2,
      memberIds: [userId],
      messages: [message],
    };
    at(world.gateways, 1)
      .app.get(NewsDesk)
      .handlers['messages.appended.v1']({ gatewayId: 'another', conversations: [batch] });
    await agent.sync('nothing', 0);
    expect(seqsOn(agent, channel)).toEqual([1]);
  });

  it('push to whom was brought in unheard while the writer of the next message was away', async () => {
    const first = await agentOn(world, 1);
    const user = await world.connect(await world.person('user'), 0);
    const channel = await open(world, user.person, { message: 'hello' });
    await announced(world);
    done(await send(user, channel, 'one'));
    user.close();
    const second = await world.person('agent');
    await subscriptions.unheard(async () => {
      await compareAgain(world);
      channelOf(await add(world, first.person, channel, second));
    });
    expect(await pushDue(world.sql, channel.id, second.sub)).not.toBeNull();
    await world.sql.query('UPDATE conversation_members SET push_due_at = NULL');
    const again = await world.connect(user.person, 0);
    await compareAgain(world);
    done(await send(again, channel, 'two'));
    expect(await pushDue(world.sql, channel.id, second.sub)).not.toBeNull();
  });

  it('are not shown while they wait to an agent who may help no more', async () => {
    const dismissed = await agentOn(world, 0);
    const change = { active: false };
    const path = `/api/volunteers/${dismissed.person.sub}`;
    expect(await world.api('PATCH', path, await world.person('supervisor'), change)).toMatchObject({
      status: 200,
    });
    await compareAgain(world);
    const other = await agentOn(world, 0);
    await setCapacity(other.person, 0);
    const channel = await open(world, await world.person('user'), { message: 'hello' });
    await other.next('channel:updated', updateOf(channel));
    await dismissed.sync('nothing', 0);
    expect(dismissed.all('channel:updated')).toEqual([]);
    expect(await show(world, dismissed.person, channel)).toMatchObject({ status: 403 });
    expect(await list(world, dismissed.person)).toEqual([]);
    expect(await join(dismissed, channel)).toMatchObject({ error: { code: 'forbidden' } });
    expect(await world.api('GET', '/api/chat/channels?status=unclaimed', dismissed.person)).toMatchObject({
      status: 403,
    });
    expect(await show(world, other.person, channel)).toMatchObject({ status: 200 });
  });

  it('tell nobody who is there once they are closed', async () => {
    const agent = await agentOn(world, 1);
    const user = await world.connect(await world.person('user'), 0);
    const channel = await open(world, user.person, { message: 'hello' });
    expect(done(await join(agent, channel)).presence).toHaveLength(2);
    channelOf(await act(world, user.person, 'close', channel));
    // That the user had come may be told twice, and late.
    await announced(world);
    await agent.sync('nothing', 0);
    const shown = agent.all('presence:changed').length;
    expect(done(await join(agent, channel)).presence).toEqual([]);
    await setCapacity(agent.person, 0);
    const other = await agentOn(world, 0);
    const second = await open(world, user.person, { message: 'hello' });
    await other.next('channel:message', ({ channelId }) => channelId === second.id);
    user.close();
    await other.next('presence:changed', ({ sub, online }) => sub === user.person.sub && !online);
    await agent.sync('nothing', 0);
    expect(agent.all('presence:changed')).toHaveLength(shown);
  });
});
