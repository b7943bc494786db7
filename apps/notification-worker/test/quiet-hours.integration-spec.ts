import { Announcing } from './announcing';

describe('pushes of conversations to somebody who wants quiet', () => {
  let desk: Announcing;
  beforeAll(async () => {
    desk = await Announcing.start();
  });
  afterAll(() => desk.world.stop());

  const messages = 'message';

  it('wait for the end of their night, and are one push then', async () => {
    const { world } = desk;
    const chat = await world.chat();
    await desk.quiet(chat.user, true);
    for (let n = 0; n < 3; n++) {
      await world.write(chat, 'volunteer');
      await world.idleButHeld();
    }
    expect(await world.pushes(chat.user, messages)).toEqual([]);
    expect(
      (await world.deliveries(chat.user, '&kind=message')).map(({ status, reason }) => [status, reason]),
    ).toEqual(
      expect.arrayContaining([
        ['pending', null],
        ['skipped', 'folded'],
        ['skipped', 'folded'],
      ]),
    );
    await desk.nightIsOver(chat.user);
    await world.idle();
    expect(await world.pushes(chat.user, messages)).toHaveLength(1);
  });

  it('are dropped when they were read before it ended', async () => {
    const { world } = desk;
    const chat = await world.chat();
    await desk.quiet(chat.user, true);
    await world.write(chat, 'volunteer');
    await world.idleButHeld();
    await world.opened(chat.id, chat.user, 'seeker');
    await desk.nightIsOver(chat.user);
    await world.idle();
    expect(await world.pushes(chat.user, messages)).toEqual([]);
    expect((await world.outcome(chat.user, messages)).reason).toBe('outdated');
  });

  it('remind once of what was not opened, and of nothing that was', async () => {
    const { world } = desk;
    const [waiting, opened] = [await world.chat(), await world.chat()];
    for (const chat of [waiting, opened]) {
      await desk.quiet(chat.user, true);
      for (const stage of [0, 1]) {
        await world.timers.unopened(chat.id, stage);
        await world.idleButHeld();
      }
    }
    await world.opened(opened.id, opened.user, 'seeker');
    await desk.nightIsOver(waiting.user, opened.user);
    await world.idleButHeld();
    expect(await world.pushes(waiting.user, 'reminder', 'follow_up_1')).toHaveLength(1);
    expect(await world.pushes(opened.user, 'reminder', 'follow_up_1')).toEqual([]);
  });

  it('do not remind of a chat that ended in the night', async () => {
    const { world } = desk;
    const chat = await world.chat();
    await desk.quiet(chat.user, true);
    await world.timers.unopened(chat.id, 0);
    await world.idleButHeld();
    await world.end(chat.id, chat.volunteer);
    await world.idleButHeld();
    await desk.nightIsOver(chat.user);
    await world.idle();
    expect(await world.pushes(chat.user, 'reminder')).toEqual([]);
    expect((await world.outcome(chat.user, 'reminder')).reason).toBe('outdated');
  });

  it('go out at once where somebody waits: requests and acceptances', async () => {
    const { world } = desk;
    const [user, volunteer] = [await world.owner('user'), await world.volunteer()];
    await desk.quiet(user, true);
    await desk.quiet(volunteer, true);
    await world.request(user, volunteer);
    await world.accept(user, volunteer);
    await world.settled(volunteer, 'chat_request');
    await world.settled(user, 'chat_accepted');
    expect(await world.pushes(volunteer, 'chat_request')).toHaveLength(1);
    expect(await world.pushes(user, 'chat_accepted')).toHaveLength(1);
  });

  it('are not sent of a category that they switched off, and the log says so', async () => {
    const { world } = desk;
    const chat = await world.chat();
    await desk.prefer(chat.user, { categories: { messages: false } });
    await world.write(chat, 'volunteer');
    await world.idle();
    expect(await world.pushes(chat.user, messages)).toEqual([]);
    expect(await world.outcome(chat.user, messages)).toMatchObject({
      status: 'skipped',
      reason: 'opted_out',
    });
    await world.write(chat, 'user');
    await world.idle();
    expect(await world.pushes(chat.volunteer, messages)).toHaveLength(1);
  });
});
