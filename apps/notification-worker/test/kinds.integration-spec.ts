import { expectPush as expectPushOf, type ExpectedPush } from './expect-push';
import { type Chat, type Owner, PushWorld, SECRET_WORDS } from './push-world';

jest.setTimeout(60_000);

describe('pushes of better_together, from their cause to the phone', () => {
  let world: PushWorld;

  beforeAll(async () => {
    world = await PushWorld.start();
  });
  afterAll(() => world.stop());

  const expectPush = (owner: Owner, kind: string, expected: ExpectedPush): Promise<void> =>
    expectPushOf(world, owner, kind, expected);

  it('asks the invited volunteer', async () => {
    const [user, volunteer] = [await world.owner('user'), await world.volunteer()];
    const requestId = await world.request(user, volunteer);
    await expectPush(volunteer, 'chat_request', {
      title: 'New request',
      body: 'Looks like someone wants to connect!',
      channel: 'vol_newreq_ch',
      priority: 'high',
      screen: 'volunteer_dashboard',
      about: { session_id: requestId },
    });
  });

  it('tells the user that somebody accepted', async () => {
    const { id, user } = await world.chat();
    await expectPush(user, 'chat_accepted', {
      title: 'Someone is here',
      body: "Looks like someone's there to talk!",
      channel: 'msg_ch',
      priority: 'high',
      screen: 'chat',
      about: { chat_id: id },
    });
  });

  it.each([
    ['user', 'volunteer', 'msg_ch'],
    ['volunteer', 'user', 'volmsg_ch'],
  ] as const)('tells an absent %s of a message of the %s', async (to, from, channel) => {
    const chat = await world.chat();
    await world.write(chat, from);
    await expectPush(chat[to], 'message', {
      title: 'New message',
      body: 'You received a new message',
      channel,
      priority: 'high',
      screen: 'chat',
      about: { chat_id: chat.id },
    });
    expect((await world.outcome(chat[to], 'message')).sender).toBe(chat[from].email);
    expect(await world.pushes(chat[from], 'message')).toEqual([]);
  });

  it('tells both that the chat has ended, and thanks the volunteer', async () => {
    const { id, user, volunteer } = await world.chat();
    await world.end(id, user);
    const about = { chat_id: id };
    const ended = {
      title: 'Chat ended',
      body: 'Your chat session has ended',
      priority: 'normal',
      about,
    } as const;
    await expectPush(user, 'chat_ended', { ...ended, channel: 'msg_ch', screen: 'home' });
    await expectPush(volunteer, 'chat_ended', {
      ...ended,
      channel: 'volmsg_ch',
      screen: 'volunteer_dashboard',
    });
    await expectPush(volunteer, 'thank_you', {
      title: 'Thank you',
      body: "Thank you for making a difference in someone's life",
      channel: 'volmsg_ch',
      priority: 'normal',
      screen: 'volunteer_dashboard',
      about,
    });
    expect(await world.pushes(user, 'thank_you')).toEqual([]);
  });

  it('reminds, follows up twice and warns a user who never opened, each in its own words by first name', async () => {
    const { id, user } = await world.chat();
    const bodies = new Set<string>();
    for (const [stage, kind] of ['reminder', 'follow_up_1', 'follow_up_2', 'expiry_warning'].entries()) {
      await world.timers.unopened(id, stage);
      const { title } = await world.outcome(user, kind);
      await expectPush(user, kind, {
        title,
        body: /^Robin, someone is (still )?waiting to talk with you/,
        channel: 'msg_ch',
        priority: 'high',
        screen: 'chat',
        about: { chat_id: id },
      });
      for (const { notification } of await world.pushes(user, kind)) bodies.add(notification.body);
    }
    expect(bodies.size).toBe(4);
  });

  it('tells a lead of an unanswered request', async () => {
    const [user, volunteer, lead] = [
      await world.owner('user'),
      await world.volunteer(),
      await world.owner('volunteer'),
    ];
    await world.sql.query('UPDATE helper_profiles SET lead = (person_id = $1)', [lead.id]);
    const requestId = await world.request(user, volunteer);
    await world.requests.escalate(world.program, requestId);
    await expectPush(lead, 'unanswered', {
      title: 'A request is waiting',
      body: 'Nobody has answered a request yet',
      channel: 'vol_lead_ch',
      priority: 'high',
      screen: 'volunteer_dashboard',
      about: { session_id: requestId },
    });
    expect(await world.deliveries(volunteer, '&kind=unanswered')).toEqual([]);
  });

  it('sends a test to the volunteer who asks for it', async () => {
    const volunteer = await world.volunteer();
    await world.notifyTest(volunteer);
    await expectPush(volunteer, 'test', {
      title: 'Test notification',
      body: 'Notifications reach this device',
      channel: 'misc_ch',
      priority: 'normal',
      screen: 'volunteer_dashboard',
      about: {},
    });
  });

  it("uses the operator's own title and text where there are some", async () => {
    await world.sql.query(
      `INSERT INTO notification_templates (id, title, body, updated_at) VALUES ('reminder', 'Hi {{name}}', 'Come {{name}}!', now())`,
    );
    const { id, user } = await world.chat();
    await world.timers.unopened(id, 0);
    await world.outcome(user, 'reminder');
    await world.sql.query('DELETE FROM notification_templates');
    const [push] = await world.pushes(user, 'reminder');
    expect(push?.notification).toEqual({ title: 'Hi Robin', body: 'Come Robin!' });
  });

  it('reaches every device of a person', async () => {
    const volunteer = await world.volunteer();
    const other = { ...volunteer, device: `tablet-${volunteer.sub}` };
    await world.register(volunteer, other.device);
    await world.notifyTest(volunteer);
    const deliveries = await world.settled(volunteer, 'test');
    expect(deliveries.map(({ status }) => status)).toEqual(['accepted', 'accepted']);
    expect(new Set(deliveries.map(({ notification_id }) => notification_id)).size).toBe(1);
    expect(await world.pushes(volunteer)).toHaveLength(1);
    expect(await world.pushes(other)).toHaveLength(1);
  });

  it('never carries what people wrote', async () => {
    const chat: Chat = await world.chat();
    await world.write(chat, 'user');
    await world.outcome(chat.volunteer, 'message');
    expect(await world.everything()).not.toContain(SECRET_WORDS);
    expect(JSON.stringify(await world.deliveries(chat.volunteer))).not.toContain(SECRET_WORDS);
    const { rows } = await world.sql.query<{ n: number }>(
      `SELECT count(*)::int AS n FROM push._private_jobs WHERE payload::text LIKE '%' || $1 || '%'`,
      [SECRET_WORDS],
    );
    expect(rows).toEqual([{ n: 0 }]);
  });

  it('makes one push of several messages of a moment, and another of later ones', async () => {
    const chat = await world.chat();
    await Promise.all(Array.from({ length: 5 }, () => world.write(chat, 'user')));
    await world.outcome(chat.volunteer, 'message');
    await world.idle();
    expect(await world.pushes(chat.volunteer, 'message')).toHaveLength(1);
    await world.write(chat, 'user');
    await world.idle();
    expect(await world.pushes(chat.volunteer, 'message')).toHaveLength(2);
  });

  it('does not push what was read before its push was due', async () => {
    const chat = await world.chat();
    await world.write(chat, 'volunteer');
    await world.opened(chat.id, chat.user, 'seeker');
    await world.idle();
    expect(await world.deliveries(chat.user, '&kind=message')).toEqual([]);
  });
});
