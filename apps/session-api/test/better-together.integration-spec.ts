import { Conversations } from '@kindline/domain';
import { TEST_SERVICE_TOKEN, type TestPerson } from '@kindline/testing';
import { ApiWorld } from './api-world';
import { expectProblem } from './refusals';

const SQL = "'; DROP TABLE people; --";
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

describe('better_together over HTTP', () => {
  let world: ApiWorld;
  beforeAll(async () => {
    world = await ApiWorld.start();
  });
  beforeEach(() => world.nobodyAvailable());
  afterAll(() => world.stop());

  /** No token carried this person's role for 31 days. */
  const unseen = ({ sub }: TestPerson): Promise<unknown> =>
    world.sql.query(
      `UPDATE person_roles SET seen_at = now() - interval '31 days'
      WHERE person_id = (SELECT id FROM people WHERE sub = $1)`,
      [sub],
    );

  describe('starting', () => {
    it('answers the session and how many volunteers were asked', async () => {
      const [user, ...volunteers] = [
        await world.person('user'),
        await world.volunteer(),
        await world.volunteer(),
      ];
      const { status, body } = await world.request(user);
      expect(status).toBe(201);
      expect(body).toEqual({
        message: 'Request Successful',
        session_id: expect.any(String),
        volunteers_notified: volunteers.length,
      });
      // Committed before the answer.
      expect(await world.count('invitations WHERE request_id = $1', [body['session_id']])).toBe(2);
      const pushes = `notifications WHERE request_id = $1 AND kind = 'chat_request'`;
      expect(await world.count(pushes, [body['session_id']])).toBe(2);
    });

    it.each(['student', 'senior'] as const)('is open to a %s', async (role) => {
      expect((await world.request(await world.person(role))).status).toBe(201);
    });

    it('succeeds with 0 volunteers when nobody is available, and stays pending', async () => {
      const user = await world.person('user');
      const { status, body } = await world.request(user);
      expect([status, body['volunteers_notified']]).toEqual([201, 0]);
      const session = await world.as(user, 'GET', `/sessions/${String(body['session_id'])}`);
      expect(session.body['status']).toBe('pending');
    });

    it('is refused while the first one is pending, with its session_id', async () => {
      const user = await world.person('user');
      const first = await world.request(user);
      const second = await world.request(user);
      expectProblem(second, 'request_already_pending');
      expect(second.body['session_id']).toBe(first.body['session_id']);
    });

    it('lets exactly one of many simultaneous ones through', async () => {
      const user = await world.person('user');
      const answers = await Promise.all(Array.from({ length: 8 }, () => world.request(user)));
      expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array<number>(7).fill(409)]);
      expect(new Set(answers.map(({ body }) => body['session_id'])).size).toBe(1);
    });

    it('does not mind an active chat', async () => {
      const { user } = await world.chat();
      expect((await world.request(user)).status).toBe(201);
    });

    it('takes the e-mail in any case, and any words as words', async () => {
      const user = await world.person('user');
      const words = `${SQL}\n"two" lines & <b>more</b> \u202e🙂`;
      const { body, status } = await world.as(user, 'POST', '/start_chat_session', {
        user_email: user.email.toUpperCase(),
        i_need_message: words,
        conversation_type: 'better_together',
      });
      expect(status).toBe(201);
      const session = await world.as(user, 'GET', `/sessions/${String(body['session_id'])}`);
      expect(session.body['message']).toBe(words);
    });

    it('takes as many words as a message', async () => {
      const user = await world.person('user');
      const start = (i_need_message: string) =>
        world.as(user, 'POST', '/start_chat_session', {
          user_email: user.email,
          i_need_message,
          conversation_type: 'better_together',
        });
      expectProblem(await start('x'.repeat(8193)), 'too_large');
      expect((await start('x'.repeat(8192))).status).toBe(201);
    });

    it('asks nobody who is the seeker, unavailable, inactive or full', async () => {
      const both = await world.person('user', 'volunteer');
      await world.as(both, 'PATCH', '/api/volunteers/me', { available: true });
      const supervisor = await world.person('supervisor');
      await world.volunteer(0);
      const inactive = await world.volunteer();
      await world.as(supervisor, 'PATCH', `/api/volunteers/${inactive.sub}`, { active: false });
      const asked = await world.volunteer();
      const { body } = await world.request(both);
      expect(body['volunteers_notified']).toBe(1);
      const seen = await world.as(supervisor, 'GET', `/sessions/${String(body['session_id'])}`);
      expect(seen.body['requested_volunteers']).toEqual([asked.email]);
    });
  });

  describe('starting when everybody who helps', () => {
    const asked = async () => (await world.request(await world.person('user'))).body['volunteers_notified'];

    it('is in a chat asks those with one, but only when nobody is free', async () => {
      const { volunteer } = await world.chat();
      await world.as(volunteer, 'PATCH', '/api/volunteers/me', { available: true });
      expect(await asked()).toBe(1);
      await world.volunteer();
      await world.volunteer();
      expect(await asked()).toBe(2);
    });

    it('was last seen more than 30 days ago asks nobody', async () => {
      await unseen(await world.volunteer());
      expect(await asked()).toBe(0);
    });
  });

  describe('accepting', () => {
    const asked = async (count: number) => {
      const user = await world.person('user');
      const volunteers: TestPerson[] = [];
      for (let n = 0; n < count; n++) volunteers.push(await world.volunteer());
      const { body } = await world.request(user);
      return { user, volunteers, sessionId: String(body['session_id']) };
    };

    it('answers the chat, and the same one to the winner who repeats', async () => {
      const { user, volunteers } = await asked(1);
      const [volunteer] = volunteers as [TestPerson];
      const first = await world.accept(volunteer, user);
      expect(first.status).toBe(201);
      expect(first.body).toEqual({ message: 'Chat accepted!', chat_id: expect.any(String) });
      const again = await world.accept(volunteer, user);
      expect([again.status, again.body]).toEqual([201, first.body]);
    });

    it('is won by exactly one of all who try at once; the others hear already_accepted', async () => {
      const { user, volunteers } = await asked(6);
      const answers = await Promise.all(volunteers.map((volunteer) => world.accept(volunteer, user)));
      expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
      for (const answer of answers.filter(({ status }) => status !== 201)) {
        expectProblem(answer, 'already_accepted');
      }
      // Their invitations are withdrawn by now, and the answer stays.
      for (const [index, answer] of answers.entries()) {
        if (answer.status === 201) continue;
        expectProblem(await world.accept(volunteers[index] as TestPerson, user), 'already_accepted');
      }
    });

    it('is not_invited for whoever was never asked, before and after it is taken', async () => {
      const { user, volunteers } = await asked(1);
      const late = await world.person('volunteer');
      expectProblem(await world.accept(late, user), 'not_invited');
      await world.accept(volunteers[0] as TestPerson, user);
      expectProblem(await world.accept(late, user), 'not_invited');
    });

    it('is at_capacity for who holds as many chats as they can', async () => {
      const volunteer = await world.volunteer(1);
      const [one, two] = [await world.person('user'), await world.person('user')];
      await world.request(one);
      await world.request(two);
      expect((await world.accept(volunteer, one)).status).toBe(201);
      expectProblem(await world.accept(volunteer, two), 'at_capacity');
    });

    it('is open again to a full volunteer once a chat has ended', async () => {
      const { volunteer, user, chatId } = await world.chat({ volunteer: await world.volunteer(1) });
      const conversations = world.service.app.get(Conversations);
      const { rows } = await world.sql.query<{ id: string }>('SELECT id FROM people WHERE sub = $1', [
        user.sub,
      ]);
      await conversations.endByMember(chatId, rows[0]?.id ?? '');
      await world.as(volunteer, 'PATCH', '/api/volunteers/me', { available: true });
      const next = await world.person('user');
      expect((await world.request(next)).body['volunteers_notified']).toBe(1);
      expect((await world.accept(volunteer, next)).status).toBe(201);
    });

    it('never exceeds the capacity, however many are accepted at once', async () => {
      const volunteer = await world.volunteer(2);
      const users = [];
      for (let n = 0; n < 5; n++) users.push(await world.person('user'));
      for (const user of users) await world.request(user);
      const answers = await Promise.all(users.map((user) => world.accept(volunteer, user)));
      expect(answers.map(({ status }) => status).sort()).toEqual([201, 201, 409, 409, 409]);
    });

    it('is not_found without a request, and for one that was cancelled', async () => {
      const { user, volunteers } = await asked(1);
      await world.cancel(user);
      expectProblem(await world.accept(volunteers[0] as TestPerson, user), 'not_found');
      const other = await world.person('user');
      expectProblem(await world.accept(volunteers[0] as TestPerson, other), 'not_found');
    });

    it('is forbidden for a volunteer who was made inactive', async () => {
      const { user, volunteers } = await asked(1);
      const [volunteer] = volunteers as [TestPerson];
      const admin = await world.person('admin');
      await world.as(admin, 'PATCH', `/api/volunteers/${volunteer.sub}`, { active: false });
      expectProblem(await world.accept(volunteer, user), 'forbidden');
    });

    it('is forbidden for a volunteer whose role no token carried for 30 days', async () => {
      const { user, volunteers } = await asked(1);
      const [volunteer] = volunteers as [TestPerson];
      await unseen(volunteer);
      const accept = { volunteer_email: volunteer.email, user_email: user.email };
      expectProblem(await world.backend('POST', '/accept_chat_request', accept), 'forbidden');
    });
  });

  describe('cancelling', () => {
    it('answers the session while it is pending, and 404 otherwise', async () => {
      const user = await world.person('user');
      expectProblem(await world.cancel(user), 'not_found');
      const { body } = await world.request(user);
      const cancelled = await world.cancel(user);
      expect(cancelled.status).toBe(200);
      expect(cancelled.body).toEqual({ message: expect.any(String), session_id: body['session_id'] });
      expectProblem(await world.cancel(user), 'not_found');
      expect((await world.request(user)).status).toBe(201);
    });

    it('is not_found once it was accepted', async () => {
      const { user } = await world.chat();
      expectProblem(await world.cancel(user), 'not_found');
    });

    it('or accepting wins, never both', async () => {
      for (let n = 0; n < 5; n++) {
        await world.nobodyAvailable();
        const [user, volunteer] = [await world.person('user'), await world.volunteer()];
        await world.request(user);
        const both = [world.accept(volunteer, user), world.cancel(user)];
        const [accepted, cancelled] = await Promise.all(both);
        const won = [accepted?.status === 201, cancelled?.status === 200];
        expect(won.filter(Boolean)).toHaveLength(1);
      }
    });
  });

  describe('a backend', () => {
    it('starts, accepts and cancels for those it names by e-mail, and that is audited', async () => {
      const [user, volunteer] = [await world.person('user'), await world.volunteer()];
      const audited = async (person: TestPerson) => {
        const { rows } = await world.sql.query<{ actor: string; action: string }>(
          `SELECT actor, action FROM audit_log
          WHERE person_id = (SELECT id FROM people WHERE sub = $1) ORDER BY at, id`,
          [person.sub],
        );
        return rows;
      };
      const start = {
        user_email: user.email,
        i_need_message: 'hello',
        conversation_type: 'better_together',
      };
      const actor = expect.stringMatching(/^service:[0-9a-f]{12}$/);
      expect((await world.backend('POST', '/start_chat_session', start)).status).toBe(201);
      const cancel = { user_email: user.email };
      expect((await world.backend('POST', '/cancel_chat_request', cancel)).status).toBe(200);
      await world.backend('POST', '/start_chat_session', start);
      const accept = { volunteer_email: volunteer.email, user_email: user.email };
      expect((await world.backend('POST', '/accept_chat_request', accept)).status).toBe(201);
      expect(await audited(user)).toEqual([
        { actor, action: 'start chat session' },
        { actor, action: 'cancel chat request' },
        { actor, action: 'start chat session' },
      ]);
      expect(await audited(volunteer)).toEqual([{ actor, action: 'accept chat request' }]);
      expect(JSON.stringify(await audited(user))).not.toContain(TEST_SERVICE_TOKEN);
    });

    it('acts on behalf of a sub, as that person and no other, and that is audited', async () => {
      const [user, other] = [await world.person('user'), await world.person('user')];
      const body = (email: string) => ({
        user_email: email,
        i_need_message: 'hello',
        conversation_type: 'better_together',
      });
      const start = (email: string, sub: string) =>
        world.backend('POST', '/start_chat_session', body(email), sub);
      expect((await start(user.email, user.sub)).status).toBe(201);
      expectProblem(await start(other.email, user.sub), 'forbidden');
      expectProblem(await start(user.email, 'nobody'), 'not_found');
      const volunteer = await world.person('volunteer');
      expectProblem(await start(volunteer.email, volunteer.sub), 'forbidden');
      const audited = `audit_log a JOIN people p ON p.id = a.person_id
        WHERE p.sub = $1 AND a.action LIKE 'POST %start_chat_session' AND a.actor LIKE 'service:%'`;
      expect(await world.count(audited, [user.sub])).toBe(2);
    });
  });

  describe('a session', () => {
    const of = (person: TestPerson, id: string) => world.as(person, 'GET', `/sessions/${id}`);

    it('is the same by either id, for both of its people, with all documented fields', async () => {
      const { user, volunteer, sessionId, chatId } = await world.chat();
      const { status, body } = await of(user, sessionId);
      expect(status).toBe(200);
      expect(body).toEqual({
        session_id: sessionId,
        chat_id: chatId,
        status: 'started',
        user: user.email,
        volunteer: volunteer.email,
        message: 'someone to talk to',
        conversation_type: 'better_together',
        request_time: expect.stringMatching(TIME),
        accept_time: expect.stringMatching(TIME),
        start_time: null,
        end_time: null,
        last_opened_user: null,
        last_opened_volunteer: null,
        last_activity_time: expect.stringMatching(TIME),
        isResolved: false,
        ended_by_user: false,
        ended_by_vol: false,
        ended_by_system: false,
        chat_tags: [],
        flag_reason: '',
      });
      expect((await of(user, chatId)).body).toEqual(body);
      expect((await of(volunteer, sessionId)).body).toEqual(body);
      expect((await of(volunteer, chatId.toUpperCase())).body).toEqual(body);
    });

    it('tells who was asked to supervisors, admins and backends only', async () => {
      const { user, volunteer, sessionId } = await world.chat();
      for (const role of ['supervisor', 'admin'] as const) {
        const { body } = await of(await world.person(role), sessionId);
        expect(body['requested_volunteers']).toEqual([volunteer.email]);
      }
      const backend = await world.backend('GET', `/sessions/${sessionId}`);
      expect(backend.body['requested_volunteers']).toEqual([volunteer.email]);
      const asUser = await world.backend('GET', `/sessions/${sessionId}`, undefined, user.sub);
      expect(asUser.status).toBe(200);
      expect(asUser.body).not.toHaveProperty('requested_volunteers');
    });

    it('is not shown to a volunteer who was only asked', async () => {
      const user = await world.person('user');
      const volunteer = await world.volunteer();
      const { body } = await world.request(user);
      expectProblem(await of(volunteer, String(body['session_id'])), 'forbidden');
    });

    it('that was cancelled has ended by its user', async () => {
      const user = await world.person('user');
      const { body } = await world.request(user);
      await world.cancel(user);
      expect((await of(user, String(body['session_id']))).body).toMatchObject({
        status: 'ended',
        chat_id: null,
        volunteer: null,
        end_time: expect.stringMatching(TIME),
        isResolved: true,
        ended_by_user: true,
        ended_by_vol: false,
        ended_by_system: false,
      });
    });

    it('that nobody accepted in time is dozy', async () => {
      const user = await world.person('user');
      const { body } = await world.request(user);
      await world.sql.query(`UPDATE help_requests SET status = 'expired', closed_at = now() WHERE id = $1`, [
        body['session_id'],
      ]);
      expect((await of(user, String(body['session_id']))).body).toMatchObject({
        status: 'dozy',
        chat_id: null,
        isResolved: false,
        end_time: expect.stringMatching(TIME),
      });
    });

    it('takes remarks of its volunteer, a supervisor and a backend, as they were written', async () => {
      const { volunteer, sessionId, chatId } = await world.chat();
      const remark = { chat_tags: ['calm', SQL], flag_reason: `${SQL}\nline two` };
      const own = await world.as(volunteer, 'PATCH', `/sessions/${chatId}`, remark);
      expect([own.status, own.body]).toMatchObject([200, remark]);
      const supervisor = await world.person('supervisor');
      const tagged = await world.as(supervisor, 'PATCH', `/sessions/${sessionId}`, { chat_tags: [] });
      expect(tagged.body).toMatchObject({ chat_tags: [], flag_reason: remark.flag_reason });
      const flagged = await world.backend('PATCH', `/sessions/${sessionId}`, { flag_reason: '' });
      expect(flagged.body).toMatchObject({ chat_tags: [], flag_reason: '' });
    });

    it('takes no remarks without a chat, and no empty ones', async () => {
      const user = await world.person('user');
      const { body } = await world.request(user);
      const path = `/sessions/${String(body['session_id'])}`;
      const supervisor = await world.person('supervisor');
      expectProblem(await world.as(supervisor, 'PATCH', path, { chat_tags: [] }), 'conflict');
      expectProblem(await world.as(supervisor, 'PATCH', path, {}), 'validation_failed');
    });
  });

  describe('a test notification', () => {
    const test = (person: TestPerson, email: string) =>
      world.as(person, 'POST', '/test_volunteer_notification', { email });

    it('says so when there is no device, and names the device masked when there is one', async () => {
      const volunteer = await world.person('volunteer');
      const none = await test(volunteer, volunteer.email);
      expect([none.status, none.body]).toEqual([
        200,
        { success: false, message: expect.any(String), token: null },
      ]);
      const token = 'a-token-of-a-device-that-nobody-may-see';
      await world.as(volunteer, 'PUT', '/api/push-tokens', { token, platform: 'android' });
      const sent = await test(volunteer, volunteer.email);
      expect(sent.status).toBe(200);
      expect(sent.body).toMatchObject({ success: true, message: 'Test notification sent' });
      expect(sent.body['token']).toMatch(/^a-toke.+$/);
      expect(sent.body['token']).not.toBe(token);
      const supervisor = await world.person('supervisor');
      expect((await test(supervisor, volunteer.email)).body['success']).toBe(true);
      const backend = { email: volunteer.email };
      expect((await world.backend('POST', '/test_volunteer_notification', backend)).body['success']).toBe(
        true,
      );
      const log = await world.backend('GET', `/api/notification-deliveries?sub=${volunteer.sub}&kind=test`);
      expect(log.body['deliveries']).toEqual(
        Array(3).fill(
          expect.objectContaining({
            kind: 'test',
            channelKey: 'misc_ch',
            screen: 'volunteer_dashboard',
            title: 'Test notification',
            status: 'pending',
          }),
        ),
      );
    });
  });
});
