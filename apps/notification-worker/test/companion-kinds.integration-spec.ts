import { Notifications } from '@kindline/domain';
import { DataSource } from 'typeorm';
import { CompanionKit } from './companion-kit';
import { expectPush } from './expect-push';
import { PushWorld, SECRET_WORDS } from './push-world';

jest.setTimeout(60_000);

describe('pushes of companion, from their cause to the phone', () => {
  let world: PushWorld;
  let companion: CompanionKit;

  beforeAll(async () => {
    world = await PushWorld.start();
    companion = new CompanionKit(world);
  });
  afterAll(() => world.stop());

  const chat = async () => companion.chat(await world.owner('senior'), await world.owner('volunteer'));

  it('ask a volunteer, without a word of what the senior wrote', async () => {
    const [senior, volunteer] = [await world.owner('senior'), await world.owner('volunteer')];
    await world.connect(volunteer);
    const requestId = await companion.request(senior);
    await companion.push(requestId);
    await expectPush(world, volunteer, 'seeker_request', {
      title: 'New request',
      body: 'A senior needs help',
      channel: 'vol_newreq_ch',
      priority: 'high',
      screen: 'volunteer_dashboard',
      about: { session_id: requestId },
      // Once it has expired it is nothing to tell of.
      ttl: '300s',
    });
  });

  it('tell the senior that somebody accepted, connected or not', async () => {
    const { id, requestId, user, volunteer } = await chat();
    await world.connect(user);
    await companion.notify('request_accepted', [
      { personId: user.id, requestId, conversationId: id, senderId: volunteer.id },
    ]);
    await expectPush(world, user, 'request_accepted', {
      title: 'Request accepted',
      body: 'Your request was accepted',
      channel: 'msg_ch',
      priority: 'high',
      screen: 'chat',
      about: { chat_id: id },
    });
  });

  it.each([
    ['user', 'volunteer', 'msg_ch'],
    ['volunteer', 'user', 'volmsg_ch'],
  ] as const)('tell an absent %s of a message of the %s', async (to, from, channel) => {
    const own = await chat();
    await world.write(own, from);
    await expectPush(world, own[to], 'message', {
      title: 'New message',
      body: 'You received a new message',
      channel,
      priority: 'high',
      screen: 'chat',
      about: { chat_id: own.id },
    });
    expect(await world.pushes(own[from])).toEqual([]);
  });

  it.each([
    ['call_to_seeker', 'user', 'msg_ch', 'call', 'Incoming call', 'Incoming call', '45s'],
    ['call_to_helper', 'volunteer', 'volmsg_ch', 'call', 'Incoming call', 'Incoming call', '45s'],
    ['call_missed_by_seeker', 'user', 'msg_ch', 'call_missed', 'Missed call', 'You missed a call', undefined],
    [
      'call_missed_by_helper',
      'volunteer',
      'volmsg_ch',
      'call_missed',
      'Missed call',
      'You missed a call',
      undefined,
    ],
  ] as const)(
    '%s, and only a call has a time to live',
    async (moment, to, channel, kind, title, body, ttl) => {
      const own = await chat();
      await companion.notify(moment, [{ personId: own[to].id, conversationId: own.id }]);
      await expectPush(world, own[to], kind, {
        title,
        body,
        channel,
        priority: 'high',
        screen: 'chat',
        about: { chat_id: own.id },
        ...(ttl && { ttl }),
      });
    },
  );

  it('do not ring a phone for a call that is over', async () => {
    const { id, volunteer } = await chat();
    const { app } = world.worker;
    await app.get(DataSource).transaction(async (manager) => {
      const call = { personId: volunteer.id, conversationId: id };
      await app.get(Notifications).create(manager, companion.program, 'call_to_helper', [call]);
      await manager.query(`UPDATE notifications SET expires_at = now() WHERE person_id = $1`, [volunteer.id]);
    });
    expect(await world.outcome(volunteer, 'call')).toMatchObject({
      status: 'skipped',
      reason: 'expired',
      attempts: 0,
    });
    expect(await world.pushes(volunteer)).toEqual([]);
  });

  it('never carry what people wrote', async () => {
    await world.idle();
    const everything = await world.everything();
    expect(everything).toContain('A senior needs help');
    expect(everything).not.toContain(SECRET_WORDS);
    const { rows } = await world.sql.query(
      `SELECT FROM notifications n WHERE n::text LIKE '%' || $1 || '%'`,
      [SECRET_WORDS],
    );
    expect(rows).toEqual([]);
  });
});
