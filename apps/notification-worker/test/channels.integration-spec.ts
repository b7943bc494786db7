import { eventually } from '@kindline/testing';
import { type Owner, PushWorld, SECRET_WORDS } from './push-world';

describe('pushes of support channels', () => {
  let world: PushWorld;
  beforeAll(async () => {
    world = await PushWorld.start();
  });
  afterAll(() => world.stop());

  const open = async (user: Owner): Promise<string> =>
    (
      await world.call<{ channel: { id: string } }>(user, 'POST', '/api/chat/support', {
        subject: SECRET_WORDS,
        message: SECRET_WORDS,
      })
    ).channel.id;
  const say = (person: Owner, channelId: string): Promise<unknown> =>
    world.call(person, 'POST', `/api/chat/channels/${channelId}/messages`, { content: SECRET_WORDS });
  const pushed = (person: Owner, ...kinds: string[]) =>
    eventually(`${kinds.join()} for ${person.sub}`, async () => (await world.pushes(person, ...kinds))[0]);

  it('tell an agent who is away that somebody waits, and then what Alice and Bob miss of each other', async () => {
    const [alice, bob] = [await world.owner('user'), await world.owner('agent')];
    const channelId = await open(alice);
    expect(await pushed(bob, 'channel_waiting')).toMatchObject({
      data: { channelKey: 'vol_newreq_ch', screen: 'volunteer_dashboard', chat_id: channelId },
    });
    await world.call(bob, 'POST', `/api/chat/channels/${channelId}/claim`);
    await say(alice, channelId);
    expect(await pushed(bob, 'message')).toMatchObject({
      notification: { title: 'New message', body: 'You received a new message' },
      data: { channelKey: 'volmsg_ch', screen: 'chat', chat_id: channelId },
      android: { priority: 'high' },
    });
    await say(bob, channelId);
    expect(await pushed(alice, 'message')).toMatchObject({
      data: { channelKey: 'msg_ch', chat_id: channelId },
    });
    expect(await world.everything()).not.toContain(SECRET_WORDS);
  });

  it('leave alone who is connected, and who has read meanwhile', async () => {
    const [alice, bob] = [await world.owner('user'), await world.owner('agent')];
    const channelId = await open(alice);
    await world.call(bob, 'POST', `/api/chat/channels/${channelId}/claim`);
    await say(alice, channelId);
    await world.call(bob, 'POST', `/api/chat/channels/${channelId}/read`, { seq: 2 });
    await world.idle();
    expect(await world.pushes(bob, 'message')).toEqual([]);
    await world.connect(bob);
    await say(alice, channelId);
    await world.idle();
    expect(await world.pushes(bob, 'message')).toEqual([]);
  });
});
