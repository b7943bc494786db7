import type { NotificationMoment } from '@kindline/domain';
import type { RunningService } from '@kindline/platform';
import { randomUUID } from 'node:crypto';
import { HeldPushOutbox } from '../src/outbox/held-push-outbox';
import { CompanionKit } from './companion-kit';
import { type Owner, type Push, PushWorld } from './push-world';

jest.setTimeout(60_000);

describe('the least distance of two pushes', () => {
  let world: PushWorld;
  let companion: CompanionKit;
  let second: RunningService;

  beforeAll(async () => {
    // Longer than the spec runs: windows end when a test says so.
    world = await PushWorld.start({ programs: { companion: { pushEvery: '1h' } } });
    second = await world.secondWorker();
    companion = new CompanionKit(world);
  });
  afterAll(() => world.stop());

  const senior = () => world.owner('senior');
  const volunteer = () => world.owner('volunteer');
  const chat = async (helper?: Owner) => companion.chat(await senior(), helper ?? (await volunteer()));

  const ask = async (person: Owner, requestId?: string) =>
    companion.notify('request_invited', [
      { personId: person.id, requestId: requestId ?? (await companion.request(await senior())) },
    ]);
  /** The kinds of all pushes so far, each with how many it stands for besides itself. */
  const received = async (person: Owner): Promise<string[]> => {
    await world.idle();
    return (await world.pushes(person)).map(({ data }) => [data['kind'], data['folded']].join(' ').trim());
  };
  const last = async (person: Owner): Promise<Push | undefined> => {
    await world.idle();
    return (await world.pushes(person)).at(-1);
  };

  describe('within a window', () => {
    it('lets one push through, of whatever kind, however many come at once from two workers', async () => {
      const helper = await volunteer();
      const own = await chat(helper);
      const requestId = await companion.request(await senior());
      const causes: [NotificationMoment, object][] = [
        ['request_invited', { requestId }],
        ['message_to_helper', { conversationId: own.id }],
      ];
      await Promise.all(
        Array.from({ length: 10 }, () => [world.worker, second]).flatMap((workers) =>
          workers.flatMap((worker) =>
            causes.map(([moment, about]) =>
              companion.notify(moment, [{ personId: helper.id, ...about }], worker),
            ),
          ),
        ),
      );
      expect(await received(helper)).toHaveLength(1);
      expect(await companion.window(helper)).toMatchObject({ suppressed: 39 });
      expect(await world.deliveries(helper)).toHaveLength(1);
    });

    it('keeps people apart, and does not dead-lock when many are told at once in any order', async () => {
      const helpers = await Promise.all(Array.from({ length: 6 }, volunteer));
      const requestId = await companion.request(await senior());
      await Promise.all(
        Array.from({ length: 20 }, (_, index) => {
          const order = index % 2 === 0 ? helpers : [...helpers].reverse();
          const notifications = order.map(({ id }) => ({ personId: id, requestId }));
          return companion.notify('request_invited', notifications, index % 3 === 0 ? second : world.worker);
        }),
      );
      for (const helper of helpers) {
        expect(await received(helper)).toEqual(['seeker_request']);
        expect(await companion.window(helper)).toMatchObject({ suppressed: 19 });
      }
    });

    it('makes one push of several for one person in one call, of the last of them', async () => {
      const [one, other] = [await volunteer(), await volunteer()];
      const requests = [
        await companion.request(await senior()),
        await companion.request(await senior()),
        await companion.request(await senior()),
      ];
      await companion.notify('request_invited', [
        ...requests.map((requestId) => ({ personId: one.id, requestId })),
        { personId: other.id },
      ]);
      expect(await received(one)).toEqual(['seeker_request 2']);
      expect((await last(one))?.data['session_id']).toBe(requests[2]);
      expect(await received(other)).toEqual(['seeker_request']);
    });

    it('neither opens nor counts for what was created already', async () => {
      const helper = await volunteer();
      const once = { personId: helper.id, dedupeKey: randomUUID() };
      await companion.notify('request_invited', [once, once]);
      expect(await companion.window(helper)).toEqual({ suppressed: 0, held: [] });
      await companion.notify('request_invited', [once]);
      expect(await companion.window(helper)).toEqual({ suppressed: 0, held: [] });
      await companion.windowEnds(helper);
      await companion.notify('request_invited', [once]);
      await ask(helper);
      expect(await received(helper)).toEqual(['seeker_request', 'seeker_request']);
    });

    it('lets calls and missed calls pass, which neither open a window nor are counted', async () => {
      const own = await chat();
      const call = { personId: own.volunteer.id, conversationId: own.id };
      await companion.notify('call_to_helper', [call]);
      expect(await companion.window(own.volunteer)).toBeUndefined();
      await ask(own.volunteer);
      await companion.notify('call_missed_by_helper', [call]);
      await companion.notify('call_to_helper', [call]);
      expect((await received(own.volunteer)).sort()).toEqual([
        'call',
        'call',
        'call_missed',
        'seeker_request',
      ]);
      expect(await companion.window(own.volunteer)).toEqual({ suppressed: 0, held: [] });
    });

    it('is not used up by a message to somebody who is connected', async () => {
      const own = await chat();
      await world.connect(own.volunteer);
      await world.write(own, 'user');
      await world.idle();
      expect(await companion.window(own.volunteer)).toBeUndefined();
      await ask(own.volunteer);
      expect(await received(own.volunteer)).toEqual(['seeker_request']);
    });

    it('does not exist in better_together', async () => {
      const own = await world.chat();
      await world.write(own, 'volunteer');
      await world.idle();
      await world.write(own, 'volunteer');
      expect(await received(own.user)).toEqual(['chat_accepted', 'message', 'message']);
      expect(await companion.window(own.user)).toBeUndefined();
    });
  });

  describe('at the end of a window', () => {
    /** A volunteer whose window a request has opened, which nobody waits for any more. */
    async function told(): Promise<Owner> {
      const helper = await volunteer();
      const requestId = await companion.request(await senior());
      await ask(helper, requestId);
      await companion.cancel(requestId);
      return helper;
    }

    it('pushes the newest request that is pending, not their own and not rejected, and counts the others', async () => {
      const helper = await told();
      const [, wanted, own, rejected, over] = [
        await companion.request(await senior()),
        await companion.request(await senior()),
        await companion.request(helper),
        await companion.request(await senior()),
        await companion.request(await senior()),
      ];
      for (const requestId of [wanted, rejected, over]) await ask(helper, requestId);
      await companion.reject(rejected, helper);
      await companion.cancel(over);
      await companion.windowEnds(helper);
      expect(await received(helper)).toEqual(['seeker_request', 'seeker_request 2']);
      expect((await last(helper))?.data['session_id']).toBe(wanted);
      await companion.cancel(own);
      // The next window has begun.
      await ask(helper);
      expect(await received(helper)).toHaveLength(2);
    });

    it('drops a request that nobody waits for any more, and counts it for the next push', async () => {
      await world.sql.query(`UPDATE help_requests SET status = 'cancelled' WHERE status = 'pending'`);
      const helper = await told();
      const requestId = await companion.request(await senior());
      await ask(helper, requestId);
      await companion.cancel(requestId);
      await companion.windowEnds(helper);
      expect(await received(helper)).toEqual(['seeker_request']);
      expect(await companion.window(helper)).toEqual({ suppressed: 1, held: [] });
      await ask(helper);
      expect(await received(helper)).toEqual(['seeker_request', 'seeker_request 1']);
    });

    it('does not repeat a request that was pushed for one that is over', async () => {
      await world.sql.query(`UPDATE help_requests SET status = 'cancelled' WHERE status = 'pending'`);
      const helper = await world.owner('volunteer');
      const [pushed, over] = [
        await companion.request(await senior()),
        await companion.request(await senior()),
      ];
      for (const requestId of [pushed, over]) await ask(helper, requestId);
      await companion.cancel(over);
      await companion.windowEnds(helper);
      expect(await received(helper)).toEqual(['seeker_request']);
      await companion.cancel(pushed);
    });

    it('does not ask a helper who was excluded meanwhile', async () => {
      const helper = await told();
      await ask(helper);
      await world.sql.query('UPDATE helper_profiles SET active = false WHERE person_id = $1', [helper.id]);
      await companion.windowEnds(helper);
      expect(await received(helper)).toEqual(['seeker_request']);
    });

    it('pushes a message that waits before a newer request', async () => {
      const helper = await told();
      const own = await chat(helper);
      await world.write(own, 'user');
      await world.idle();
      await ask(helper);
      expect((await companion.window(helper))?.held.sort()).toEqual(['message_to_helper', 'request_invited']);
      await companion.windowEnds(helper);
      expect(await received(helper)).toEqual(['seeker_request', 'message 1']);
      expect((await last(helper))?.data['chat_id']).toBe(own.id);
    });

    it('points to the conversation that is unread, not to the one that was held', async () => {
      const helper = await told();
      const [unread, read] = [await chat(helper), await chat(helper)];
      await world.write(unread, 'user');
      await world.idle();
      await world.write(read, 'user');
      await world.idle();
      await world.opened(read.id, helper, 'helper');
      await companion.windowEnds(helper);
      expect(await received(helper)).toEqual(['seeker_request', 'message 1']);
      expect((await last(helper))?.data['chat_id']).toBe(unread.id);
    });

    it('pushes a request when the messages that were held have been read', async () => {
      const helper = await told();
      const own = await chat(helper);
      await ask(helper);
      await world.write(own, 'user');
      await world.idle();
      await world.opened(own.id, helper, 'helper');
      await companion.windowEnds(helper);
      expect(await received(helper)).toEqual(['seeker_request', 'seeker_request 1']);
    });

    it('does not repeat an old message for a held request that is over', async () => {
      await world.sql.query(`UPDATE help_requests SET status = 'cancelled' WHERE status = 'pending'`);
      const own = await chat();
      await world.write(own, 'user');
      await world.idle();
      const requestId = await companion.request(await senior());
      await ask(own.volunteer, requestId);
      await companion.cancel(requestId);
      await companion.windowEnds(own.volunteer);
      expect(await received(own.volunteer)).toEqual(['message']);
    });

    it('leaves messages to the socket of somebody who is connected by then', async () => {
      const helper = await told();
      const own = await chat(helper);
      await world.write(own, 'user');
      await world.idle();
      expect(await companion.window(helper)).toEqual({ suppressed: 1, held: ['message_to_helper'] });
      await world.connect(helper);
      await companion.windowEnds(helper);
      expect(await received(helper)).toEqual(['seeker_request']);
      await ask(helper);
      expect(await received(helper)).toEqual(['seeker_request', 'seeker_request 1']);
    });

    it.each([
      ['pushes an acceptance whose conversation goes on', false, ['message', 'request_accepted']],
      ['drops one whose conversation has ended', true, ['message']],
    ])('%s', async (_what, ended, expected) => {
      const before = await chat();
      await world.write(before, 'volunteer');
      await world.idle();
      await world.opened(before.id, before.user, 'seeker');
      const own = await companion.chat(before.user, await volunteer());
      await companion.notify('request_accepted', [
        {
          personId: own.user.id,
          requestId: own.requestId,
          conversationId: own.id,
          senderId: own.volunteer.id,
        },
      ]);
      if (ended) await world.end(own.id, own.volunteer);
      await companion.windowEnds(own.user);
      expect(await received(own.user)).toEqual(expected);
      if (!ended) expect((await last(own.user))?.data['chat_id']).toBe(own.id);
    });

    it('is pushed once when two workers look at once, and once when a new cause comes just then', async () => {
      const helpers = await Promise.all(Array.from({ length: 30 }, told));
      const requestId = await companion.request(await senior());
      const all = helpers.map(({ id }) => ({ personId: id, requestId }));
      await companion.notify('request_invited', all);
      await world.sql.query('UPDATE push_windows SET next_at = now() WHERE person_id = ANY ($1)', [
        helpers.map(({ id }) => id),
      ]);
      await Promise.all([
        world.worker.app.get(HeldPushOutbox).drain(),
        second.app.get(HeldPushOutbox).drain(),
        companion.notify('request_invited', all.slice(0, 15), second),
      ]);
      await companion.windowEnds();
      for (const helper of helpers) {
        const pushes = await received(helper);
        expect(pushes).toHaveLength(2);
        // The one that came just then was pushed with the held one folded in, or came after it.
        expect(pushes[1]).toMatch(/^seeker_request( 1)?$/);
      }
    });
  });
});
