import type { ProgramName } from '@kindline/contracts';
import type { TestPerson } from '@kindline/testing';
import { ApiWorld } from './api-world';
import { expectProblem } from './refusals';

const SQL = "'; DROP TABLE people; --";
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

interface Listed {
  id: string;
  unread: number;
}
interface Message {
  seq: number;
}

describe('conversations over HTTP', () => {
  let world: ApiWorld;
  beforeAll(async () => {
    world = await ApiWorld.start();
  });
  afterAll(() => world.stop());

  const list = async (person: TestPerson, query = '') => {
    const { status, body } = await world.as(person, 'GET', `/api/conversations${query}`);
    expect(status).toBe(200);
    return {
      ids: (body['conversations'] as Listed[]).map(({ id }) => id),
      conversations: body['conversations'] as Listed[],
      cursor: body['cursor'],
    };
  };
  /** As the gateway and the scheduler end it. */
  const end = (chatId: string) =>
    world.sql.query(
      `WITH c AS (UPDATE conversations SET status = 'ended', ended_at = now(), ended_by = 'seeker' WHERE id = $1)
      UPDATE conversation_members SET open = false WHERE conversation_id = $1`,
      [chatId],
    );

  describe('the list', () => {
    let user: TestPerson;
    const newestFirst: string[] = [];
    beforeAll(async () => {
      user = await world.person('user');
      for (let n = 0; n < 5; n++) newestFirst.unshift((await world.chat({ user })).chatId);
      // Two of the same moment: the cursor must still part them.
      await world.sql.query(
        `UPDATE conversations SET last_activity_at = '2026-01-01T00:00:00.123456Z' WHERE id = ANY ($1)`,
        [newestFirst.slice(3)],
      );
    });

    it('is empty for who has none', async () => {
      expect(await list(await world.person('user'))).toEqual({ ids: [], conversations: [], cursor: null });
    });

    it('shows mine, newest activity first, with their members and nobody else', async () => {
      const { ids, conversations, cursor } = await list(user);
      expect(ids).toEqual(newestFirst);
      expect(cursor).toBeNull();
      expect(conversations[0]).toEqual({
        id: newestFirst[0],
        program: 'better_together',
        status: 'active',
        members: [
          { sub: user.sub, name: 'Robin', role: 'seeker' },
          { sub: expect.stringMatching(/^volunteer-/), name: 'Robin', role: 'helper' },
        ],
        unread: 0,
        last_message_at: null,
        created_at: expect.stringMatching(TIME),
        ended_at: null,
      });
    });

    it.each([1, 2, 3, 4, 5])('is read completely and without repeats in pages of %i', async (limit) => {
      const seen: string[] = [];
      let cursor: unknown;
      do {
        const page = await list(user, `?limit=${limit}${cursor ? `&cursor=${String(cursor)}` : ''}`);
        expect(page.ids.length).toBeLessThanOrEqual(limit);
        seen.push(...page.ids);
        ({ cursor } = page);
      } while (cursor !== null);
      expect(seen).toEqual(newestFirst);
    });

    it('does not open up to others by a cursor of mine', async () => {
      const { cursor } = await list(user, '?limit=1');
      const other = await world.person('user');
      expect((await list(other, `?cursor=${String(cursor)}`)).ids).toEqual([]);
    });

    it('can be narrowed by status and program', async () => {
      const [ended] = newestFirst.slice(-1) as [string];
      await end(ended);
      expect((await list(user, '?status=ended')).ids).toEqual([ended]);
      expect((await list(user, '?status=active')).ids).toEqual(newestFirst.filter((id) => id !== ended));
      expect((await list(user, '?program=better_together')).ids).toHaveLength(5);
      const others: ProgramName[] = ['companion', 'support'];
      for (const program of others) expect((await list(user, `?program=${program}`)).ids).toEqual([]);
    });

    it('counts what the other one wrote as unread', async () => {
      const { user: seeker, volunteer, chatId } = await world.chat();
      await world.storeMessages(chatId, volunteer, 3);
      expect((await list(seeker)).conversations).toMatchObject([{ id: chatId, unread: 3 }]);
      expect((await list(volunteer)).conversations).toMatchObject([{ id: chatId, unread: 0 }]);
      const one = await world.as(seeker, 'GET', `/api/conversations/${chatId}`);
      expect(one.body).toMatchObject({ id: chatId, unread: 3, last_message_at: expect.stringMatching(TIME) });
    });
  });

  describe('messages', () => {
    let chat: Awaited<ReturnType<ApiWorld['chat']>>;
    beforeAll(async () => {
      chat = await world.chat();
      await world.storeMessages(chat.chatId, chat.user, 250);
    });
    const read = async (query = '', person = chat.volunteer) => {
      const { status, body } = await world.as(
        person,
        'GET',
        `/api/conversations/${chat.chatId}/messages${query}`,
      );
      expect(status).toBe(200);
      const messages = body['messages'] as Message[];
      return { seqs: messages.map(({ seq }) => seq), messages, more: body['has_more'] };
    };
    const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => from + n);

    it('are the newest 100, ascending, in the documented shape', async () => {
      const { seqs, messages, more } = await read();
      expect([seqs, more]).toEqual([range(151, 250), true]);
      expect(messages.at(-1)).toEqual({
        id: expect.any(String),
        seq: 250,
        conversation_id: chat.chatId,
        sender_id: chat.user.sub,
        content: 'message 250',
        type: 'text',
        reply_to: null,
        created_at: expect.stringMatching(TIME),
        read_at: null,
      });
    });

    it.each([
      ['?before=151', range(51, 150), true],
      ['?before=51', range(1, 50), false],
      ['?before=1', [], false],
      ['?before=0', [], false],
      ['?before=11&limit=10', range(1, 10), false],
      ['?after=0', range(1, 100), true],
      ['?after=0&limit=500', range(1, 250), false],
      ['?after=240&limit=10', range(241, 250), false],
      ['?after=240&limit=9', range(241, 249), true],
      ['?after=250', [], false],
      ['?after=2147483647', [], false],
      ['?limit=1', [250], true],
    ])('of %s', async (query, seqs, more) => {
      const got = await read(query);
      expect([got.seqs, got.more]).toEqual([seqs, more]);
    });

    it('are the same for the other member', async () => {
      expect((await read('', chat.user)).seqs).toEqual((await read()).seqs);
    });

    it('stay readable after the end', async () => {
      await end(chat.chatId);
      expect((await read('?after=249')).seqs).toEqual([250]);
    });
  });

  describe('feedback', () => {
    it('is given once, by the seeker, and shows in the rating', async () => {
      const { user, volunteer, chatId } = await world.chat();
      const path = `/api/conversations/${chatId}/feedback`;
      const given = await world.as(user, 'POST', path, { rating: 4, comment: SQL });
      expect(given.status).toBe(201);
      expect(given.body).toEqual({
        conversation_id: chatId,
        rating: 4,
        comment: SQL,
        created_at: expect.stringMatching(TIME),
      });
      expectProblem(await world.as(user, 'POST', path, { rating: 1 }), 'feedback_already_given');
      const me = await world.as(volunteer, 'GET', '/api/volunteers/me');
      expect(me.body).toMatchObject({ rating: 4, reviews: 1 });

      const second = await world.chat({ volunteer });
      const secondPath = `/api/conversations/${second.chatId}/feedback`;
      const short = await world.as(second.user, 'POST', secondPath, { rating: 1 });
      expect(short.body).toMatchObject({ rating: 1, comment: null });
      const now = await world.as(volunteer, 'GET', '/api/volunteers/me');
      expect(now.body).toMatchObject({ rating: 2.5, reviews: 2 });
    });

    it("counts for a volunteer's profile in better_together only where it was given there", async () => {
      const [senior, volunteer] = [await world.person('senior'), await world.volunteer()];
      const { requestId } = await world.companions(senior, volunteer);
      const path = `/api/help-requests/${requestId}/rating`;
      expect((await world.as(senior, 'POST', path, { rating: 1 })).status).toBe(201);
      const me = await world.as(volunteer, 'GET', '/api/volunteers/me');
      expect(me.body).toMatchObject({ rating: null, reviews: 0 });
    });

    it('given many times at once is stored once', async () => {
      const { user, chatId } = await world.chat();
      const give = () => world.as(user, 'POST', `/api/conversations/${chatId}/feedback`, { rating: 5 });
      const answers = await Promise.all(Array.from({ length: 5 }, give));
      expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409]);
    });
  });

  describe('volunteers', () => {
    it('see themselves, unavailable at first, and switch their availability', async () => {
      const volunteer = await world.person('volunteer');
      const me = await world.as(volunteer, 'GET', '/api/volunteers/me');
      const profile = {
        sub: volunteer.sub,
        email: volunteer.email,
        name: 'Robin',
        available: false,
        active: true,
        lead: false,
        capacity: 2,
        active_conversations: 0,
        time_spent_volunteering_s: 0,
        rating: null,
        reviews: 0,
      };
      expect([me.status, me.body]).toEqual([200, profile]);
      const switched = await world.as(volunteer, 'PATCH', '/api/volunteers/me', { available: true });
      expect(switched.body).toEqual({ ...profile, available: true });
    });

    it('see what they hold and how long they have helped', async () => {
      const { volunteer, chatId } = await world.chat();
      const me = async () => (await world.as(volunteer, 'GET', '/api/volunteers/me')).body;
      expect(await me()).toMatchObject({ active_conversations: 1, time_spent_volunteering_s: 0 });
      await world.sql.query(
        `UPDATE conversations SET started_at = '2026-01-01T00:00:00Z', last_activity_at = '2026-01-01T00:40:00Z'
        WHERE id = $1`,
        [chatId],
      );
      await end(chatId);
      expect(await me()).toMatchObject({ active_conversations: 0, time_spent_volunteering_s: 2400 });
    });

    it('are changed by supervisors and admins, audited', async () => {
      const volunteer = await world.person('volunteer');
      for (const role of ['supervisor', 'admin'] as const) {
        const boss = await world.person(role);
        const change = { available: role === 'admin', active: true, lead: true, capacity: 7 };
        const changed = await world.as(boss, 'PATCH', `/api/volunteers/${volunteer.sub}`, change);
        expect([changed.status, changed.body]).toMatchObject([200, { sub: volunteer.sub, ...change }]);
      }
      const made = `audit_log WHERE action = 'change volunteer' AND subject = $1 AND actor LIKE 'person:%'`;
      expect(await world.count(made, [volunteer.sub])).toBe(2);
      const supervisor = await world.person('supervisor');
      const nothing = await world.as(supervisor, 'PATCH', `/api/volunteers/${volunteer.sub}`, {});
      expect(nothing.body).toMatchObject({ available: true, lead: true, capacity: 7 });
    });

    it('are not changed when that cannot be audited, and neither are people', async () => {
      const volunteer = await world.person('volunteer');
      const supervisor = await world.person('supervisor');
      await world.sql.query('ALTER TABLE audit_log RENAME TO audit_log_away');
      try {
        const patched = await world.as(supervisor, 'PATCH', `/api/volunteers/${volunteer.sub}`, {
          lead: true,
        });
        const put = await world.backend('PUT', `/api/people/${volunteer.sub}`, { name: 'Somebody else' });
        expect([patched.status, put.status]).toEqual([500, 500]);
      } finally {
        await world.sql.query('ALTER TABLE audit_log_away RENAME TO audit_log');
      }
      const { body } = await world.as(volunteer, 'GET', '/api/volunteers/me');
      expect(body).toMatchObject({ lead: false });
      expect(body['name']).not.toBe('Somebody else');
    });

    it('are listed completely and without repeats, and nobody else is', async () => {
      const supervisor = await world.person('supervisor');
      await world.person('counselor');
      const seen: string[] = [];
      let cursor: unknown;
      do {
        const path = `/api/volunteers?limit=3${cursor ? `&cursor=${String(cursor)}` : ''}`;
        const { status, body } = await world.as(supervisor, 'GET', path);
        expect(status).toBe(200);
        seen.push(...(body['volunteers'] as { sub: string }[]).map(({ sub }) => sub));
        ({ cursor } = body);
      } while (cursor !== null);
      const { rows } = await world.sql.query<{ sub: string }>(
        `SELECT sub FROM people WHERE sub LIKE 'volunteer-%' ORDER BY id`,
      );
      expect(seen).toEqual(rows.map(({ sub }) => sub));
      expect(seen.length).toBeGreaterThan(6);
    });
  });

  describe('the delivery log', () => {
    it('is read completely and without repeats, newest first, by sub and kind', async () => {
      const volunteer = await world.volunteer();
      await world.as(volunteer, 'PUT', '/api/push-tokens', {
        token: `device-of-${volunteer.sub}`,
        platform: 'web',
      });
      for (let n = 0; n < 5; n++) {
        await world.as(volunteer, 'POST', '/test_volunteer_notification', { email: volunteer.email });
      }
      const admin = await world.person('admin');
      const seen: { id: string; timeStamp: string }[] = [];
      let cursor: unknown;
      do {
        const query = `sub=${volunteer.sub}&kind=test&status=pending&limit=2`;
        const page = `${query}${cursor ? `&cursor=${String(cursor)}` : ''}`;
        const { status, body } = await world.as(admin, 'GET', `/api/notification-deliveries?${page}`);
        expect(status).toBe(200);
        seen.push(...(body['deliveries'] as typeof seen));
        ({ cursor } = body);
      } while (cursor !== null);
      expect(new Set(seen.map(({ id }) => id)).size).toBe(5);
      const times = seen.map(({ timeStamp }) => timeStamp);
      expect(times).toEqual([...times].sort().reverse());
      const none = await world.as(admin, 'GET', '/api/notification-deliveries?kind=nothing');
      expect(none.body).toEqual({ deliveries: [], cursor: null });
    });
  });
});
