import { Conversations } from '@kindline/domain';
import { type Chat, HOUR, MINUTE, SECOND, TimerWorld } from './timer-world';

jest.setTimeout(60_000);

const REMINDERS = ['reminder', 'follow_up_1', 'follow_up_2', 'expiry_warning'];

describe('the timers of a conversation', () => {
  let world: TimerWorld;

  beforeAll(async () => {
    world = await TimerWorld.start();
  });
  afterAll(() => world.stop());
  beforeEach(() => world.clear());

  /** What the seeker was reminded of, and how many ms after `since`. */
  const reminded = async (since: Date): Promise<[string, number][]> =>
    (await world.told(...REMINDERS)).map(({ kind, at }) => [kind, at.getTime() - since.getTime()]);
  const silenceTimers = async () =>
    (await world.timers()).filter(({ task }) => task === 'conversation.silence');
  const silence = async () => {
    const [timer] = await silenceTimers();
    if (!timer) throw new Error('nobody looks at the silence');
    return timer;
  };
  const unopened = async () => {
    const [timer] = (await world.timers()).filter(({ task }) => task === 'conversation.unopened');
    if (!timer) throw new Error('the unopened timer is missing');
    return timer;
  };
  /** A chat that its seeker opened just now. */
  const openedChat = async (): Promise<Chat> => {
    const chat = await world.chat();
    await world.opened(chat, 'seeker');
    return chat;
  };

  describe('while the seeker has neither opened nor written', () => {
    it('does nothing one second before the reminder, and reminds at 5 minutes', async () => {
      const accepted = world.clock.now();
      await world.chat();
      expect(await world.pass(5 * MINUTE - SECOND)).toEqual([]);
      expect(await reminded(accepted)).toEqual([]);
      await world.pass(SECOND);
      expect(await reminded(accepted)).toEqual([['reminder', 5 * MINUTE]]);
    });

    it('reminds at 5 minutes, follows up at 6 and 10 hours, warns at 23 and ends at 24', async () => {
      const accepted = world.clock.now();
      const chat = await world.chat();
      await world.pass(24 * HOUR - SECOND);
      expect(await reminded(accepted)).toEqual([
        ['reminder', 5 * MINUTE],
        ['follow_up_1', 6 * HOUR],
        ['follow_up_2', 10 * HOUR],
        ['expiry_warning', 23 * HOUR],
      ]);
      expect(await world.conversation(chat)).toMatchObject({ status: 'active' });
      await world.pass(SECOND);
      expect(await world.conversation(chat)).toEqual({
        status: 'ended',
        ended_by: 'system',
        end_reason: 'never_opened',
      });
      expect(await world.timers()).toEqual([]);
      expect(await world.announced()).toContainEqual({
        task: 'conversation.ended',
        payload: { conversationId: chat.id },
      });
    });

    it('speaks to the seeker alone, by first name', async () => {
      const chat = await world.chat();
      await world.pass(23 * HOUR);
      const told = await world.told(...REMINDERS);
      expect(told).toHaveLength(4);
      for (const { person_id, body } of told) {
        expect(person_id).toBe(chat.seeker);
        expect(body).toMatch(/^Robin, someone is/);
      }
      expect(new Set(told.map(({ body }) => body)).size).toBe(4);
    });

    it('tells both that it ended and thanks the helper', async () => {
      const chat = await world.chat();
      await world.pass(24 * HOUR);
      const told = await world.told('chat_ended', 'thank_you');
      expect(told.map(({ kind, person_id }) => `${kind} ${person_id}`).sort()).toEqual(
        [`chat_ended ${chat.helper}`, `chat_ended ${chat.seeker}`, `thank_you ${chat.helper}`].sort(),
      );
    });

    it("goes on although the helper opens and writes, and the helper's silence ends nothing", async () => {
      const accepted = world.clock.now();
      const chat = await world.chat();
      await world.opened(chat, 'helper');
      await world.write(chat, 'helper');
      await world.pass(24 * HOUR - SECOND);
      expect((await reminded(accepted)).map(([kind]) => kind)).toEqual(REMINDERS);
      expect(await world.conversation(chat)).toMatchObject({ status: 'active' });
      await world.pass(SECOND);
      expect(await world.conversation(chat)).toMatchObject({ end_reason: 'never_opened' });
    });
  });

  it('starts the session timer once, when both have opened the conversation', async () => {
    const chat = await world.chat();
    const started = async () =>
      (await world.announced()).filter(({ task }) => task === 'conversation.started');
    await world.opened(chat, 'seeker');
    await world.opened(chat, 'seeker');
    expect(await started()).toEqual([]);
    await world.opened(chat, 'helper');
    await world.opened(chat, 'helper');
    expect(await started()).toEqual([{ task: 'conversation.started', payload: { conversationId: chat.id } }]);
  });

  describe('once the seeker has opened or written', () => {
    it.each([
      ['opened', (chat: Chat) => world.opened(chat, 'seeker')],
      ['written', (chat: Chat) => world.write(chat, 'seeker')],
    ])('neither reminds nor follows up when the seeker has %s', async (_what, engage) => {
      const accepted = world.clock.now();
      const chat = await world.chat();
      await world.pass(4 * MINUTE);
      await engage(chat);
      for (let hour = 0; hour < 24; hour++) {
        await world.pass(HOUR);
        await world.write(chat, 'helper');
      }
      expect(await reminded(accepted)).toEqual([]);
      expect(await world.conversation(chat)).toMatchObject({ status: 'active' });
    });

    it('stops following up after the reminder when the seeker opens between the two', async () => {
      const accepted = world.clock.now();
      const chat = await world.chat();
      await world.pass(HOUR);
      await world.opened(chat, 'seeker');
      await world.pass(5 * HOUR + 59 * MINUTE);
      expect(await reminded(accepted)).toEqual([
        ['reminder', 5 * MINUTE],
        ['expiry_warning', 6 * HOUR],
      ]);
      expect(await world.conversation(chat)).toMatchObject({ status: 'active' });
      await world.pass(MINUTE);
      expect(await world.conversation(chat)).toMatchObject({ status: 'ended', end_reason: 'inactivity' });
    });

    it('warns after 5 hours of silence and ends after 6, by the system', async () => {
      const chat = await openedChat();
      const since = world.clock.now();
      await world.pass(5 * HOUR - SECOND);
      expect(await reminded(since)).toEqual([]);
      await world.pass(SECOND);
      expect(await reminded(since)).toEqual([['expiry_warning', 5 * HOUR]]);
      await world.pass(HOUR - SECOND);
      expect(await world.conversation(chat)).toMatchObject({ status: 'active' });
      await world.pass(SECOND);
      expect(await world.conversation(chat)).toEqual({
        status: 'ended',
        ended_by: 'system',
        end_reason: 'inactivity',
      });
      expect(await reminded(since)).toHaveLength(1);
      expect(await world.timers()).toEqual([]);
    });

    it.each([
      ['message of the seeker', (chat: Chat) => world.write(chat, 'seeker')],
      ['message of the helper', (chat: Chat) => world.write(chat, 'helper')],
      ['opening by the helper', (chat: Chat) => world.opened(chat, 'helper')],
      ['opening by the seeker', (chat: Chat) => world.opened(chat, 'seeker')],
    ])('counts the silence anew from a %s', async (_what, act) => {
      const chat = await openedChat();
      await world.pass(4 * HOUR + 59 * MINUTE);
      await act(chat);
      const since = world.clock.now();
      await world.pass(5 * HOUR - SECOND);
      expect(await reminded(since)).toEqual([]);
      await world.pass(HOUR);
      expect(await reminded(since)).toEqual([['expiry_warning', 5 * HOUR]]);
      expect(await world.conversation(chat)).toMatchObject({ status: 'active' });
      await world.pass(SECOND);
      expect(await world.conversation(chat)).toMatchObject({ status: 'ended' });
    });

    it('warns once per silence: again in the next one, never twice in the same', async () => {
      const chat = await openedChat();
      const since = world.clock.now();
      await world.pass(5 * HOUR + 30 * MINUTE);
      await world.write(chat, 'seeker');
      await world.pass(5 * HOUR + 30 * MINUTE);
      expect(await reminded(since)).toEqual([
        ['expiry_warning', 5 * HOUR],
        ['expiry_warning', 10 * HOUR + 30 * MINUTE],
      ]);
      expect(await world.conversation(chat)).toMatchObject({ status: 'active' });
      await world.pass(30 * MINUTE);
      expect(await world.conversation(chat)).toMatchObject({ status: 'ended' });
    });

    it('keeps one timer however many messages there are', async () => {
      const chat = await openedChat();
      const before = await silence();
      for (let n = 0; n < 20; n++) await world.write(chat, n % 2 ? 'seeker' : 'helper');
      expect(await silenceTimers()).toEqual([before]);
      await world.pass(5 * HOUR);
      expect(await silenceTimers()).toHaveLength(1);
    });

    it('ends at the right time when it was opened just after a look that found it unopened', async () => {
      const chat = await world.chat();
      await world.pass(5 * HOUR + SECOND);
      await world.opened(chat, 'seeker');
      const since = world.clock.now();
      await world.pass(6 * HOUR - SECOND);
      expect(await reminded(since)).toContainEqual(['expiry_warning', 5 * HOUR]);
      expect(await world.conversation(chat)).toMatchObject({ status: 'active' });
      await world.pass(SECOND);
      expect(await world.conversation(chat)).toMatchObject({ status: 'ended', end_reason: 'inactivity' });
    });
  });

  describe('when the world has moved on', () => {
    it('leaves no timer behind when a member ends the conversation', async () => {
      const chat = await world.chat();
      await world.app.get(Conversations).endByMember(chat.id, chat.seeker);
      expect(await world.timers()).toEqual([]);
    });

    it('does nothing for a conversation that ended while its timers were already running', async () => {
      const chat = await openedChat();
      const late = await world.timers();
      await world.app.get(Conversations).endByMember(chat.id, chat.seeker);
      const announced = await world.announced();
      world.clock.advance(24 * HOUR);
      for (const timer of late) await world.execute(timer);
      expect(await world.told(...REMINDERS)).toEqual([]);
      expect(await world.conversation(chat)).toMatchObject({ ended_by: 'seeker' });
      expect(await world.announced()).toEqual(announced);
      expect(await world.timers()).toEqual([]);
    });

    it('reminds nobody of a conversation that ended before its seeker had opened it', async () => {
      const chat = await world.chat();
      const late = await world.timers();
      await world.app.get(Conversations).endByMember(chat.id, chat.helper);
      world.clock.advance(5 * MINUTE);
      for (const timer of late) await world.execute(timer);
      expect(await world.told(...REMINDERS)).toEqual([]);
      expect(await world.timers()).toEqual([]);
    });

    it('is opened by nobody in the place of the other', async () => {
      const chat = await world.chat();
      const opened = world.app.get(Conversations).opened(chat.id, chat.seeker, 'helper');
      await expect(opened).rejects.toMatchObject({ code: 'forbidden' });
    });

    it('stays as it ended when the other member ends it as well', async () => {
      const chat = await world.chat();
      await world.app.get(Conversations).endByMember(chat.id, chat.seeker);
      const announced = await world.announced();
      await world.app.get(Conversations).endByMember(chat.id, chat.helper);
      expect(await world.conversation(chat)).toMatchObject({
        ended_by: 'seeker',
        end_reason: 'ended_by_user',
      });
      expect(await world.announced()).toEqual(announced);
    });

    it('does nothing for a conversation that does not exist any more', async () => {
      const payload = { conversationId: '00000000-0000-7000-8000-000000000000', stage: 0 };
      for (const task of ['conversation.unopened', 'conversation.silence'])
        await world.execute({ id: '0', task, payload, run_at: world.clock.now() });
      expect(await world.timers()).toEqual([]);
    });

    it('ends at once, without a warning, what fell silent while no scheduler ran', async () => {
      const chat = await openedChat();
      world.clock.advance(48 * HOUR);
      await world.runDueTimers();
      expect(await world.conversation(chat)).toMatchObject({ status: 'ended', end_reason: 'inactivity' });
      expect(await world.told('expiry_warning')).toEqual([]);
    });
  });

  describe('when the same job runs again', () => {
    it('reminds once and keeps one next step', async () => {
      await world.chat();
      const timer = await unopened();
      world.clock.advance(5 * MINUTE);
      await world.execute(timer);
      await world.execute(timer);
      expect(await world.told('reminder')).toHaveLength(1);
      expect((await world.timers()).filter(({ task }) => task === 'conversation.unopened')).toHaveLength(1);
      expect((await unopened()).payload).toMatchObject({ stage: 1 });
    });

    it('warns of the same silence once', async () => {
      await openedChat();
      const timer = await silence();
      world.clock.advance(5 * HOUR);
      await world.execute(timer);
      await world.execute(timer);
      expect(await world.told('expiry_warning')).toHaveLength(1);
      expect(await silenceTimers()).toHaveLength(1);
    });

    it('ends it once, with one thank-you', async () => {
      const chat = await openedChat();
      const timer = await silence();
      world.clock.advance(6 * HOUR);
      await world.execute(timer);
      await world.execute(timer);
      expect(await world.conversation(chat)).toMatchObject({ end_reason: 'inactivity' });
      expect(await world.told('thank_you')).toHaveLength(1);
      const ended = (await world.announced()).filter(({ task }) => task === 'conversation.ended');
      expect(ended).toHaveLength(1);
    });
  });

  describe('with values that leave no room for a step', () => {
    afterAll(() => world.configure({}));

    it('skips a warning that would come before the silence began', async () => {
      await world.configure({ better_together: { inactivityAfter: 30 * MINUTE, expiryWarningBefore: HOUR } });
      const chat = await openedChat();
      await world.pass(20 * MINUTE);
      // So that a look at the silence falls into it, and not on its end.
      await world.write(chat, 'seeker');
      await world.pass(30 * MINUTE - SECOND);
      expect(await world.conversation(chat)).toMatchObject({ status: 'active' });
      await world.pass(SECOND);
      expect(await world.conversation(chat)).toMatchObject({ status: 'ended', end_reason: 'inactivity' });
      expect(await world.told(...REMINDERS)).toEqual([]);
    });

    it('skips a warning at the very moment the silence begins', async () => {
      await world.configure({ better_together: { inactivityAfter: HOUR, expiryWarningBefore: HOUR } });
      await openedChat();
      await world.pass(HOUR);
      expect(await world.told('expiry_warning')).toEqual([]);
    });

    it('skips follow-ups on or after the end and a warning before acceptance', async () => {
      await world.configure({
        better_together: {
          followUpsAfter: [30 * MINUTE, 40 * MINUTE],
          unopenedEndAfter: 40 * MINUTE,
          expiryWarningBefore: HOUR,
        },
      });
      const accepted = world.clock.now();
      const chat = await world.chat();
      await world.pass(40 * MINUTE);
      expect(await reminded(accepted)).toEqual([
        ['reminder', 5 * MINUTE],
        ['follow_up_1', 30 * MINUTE],
      ]);
      expect(await world.conversation(chat)).toMatchObject({ end_reason: 'never_opened' });
    });

    it('takes the steps in the order of their times, whatever their names', async () => {
      await world.configure({
        better_together: {
          reminderAfter: 3 * HOUR,
          followUpsAfter: [2 * HOUR, HOUR],
          unopenedEndAfter: 4 * HOUR,
          expiryWarningBefore: 3 * HOUR + 30 * MINUTE,
        },
      });
      const accepted = world.clock.now();
      await world.chat();
      await world.pass(4 * HOUR);
      expect(await reminded(accepted)).toEqual([
        ['expiry_warning', 30 * MINUTE],
        ['follow_up_2', HOUR],
        ['follow_up_1', 2 * HOUR],
        ['reminder', 3 * HOUR],
      ]);
    });
  });
});
