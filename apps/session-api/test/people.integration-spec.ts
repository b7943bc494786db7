import { signToken, TEST_SERVICE_TOKEN, type TestPerson } from '@kindline/testing';
import { ApiWorld } from './api-world';
import { expectProblem } from './refusals';

const SQL = "'; DROP TABLE people; --";

describe('people, tokens and devices', () => {
  let world: ApiWorld;
  beforeAll(async () => {
    world = await ApiWorld.start();
  });
  afterAll(() => world.stop());

  describe('tokens', () => {
    const mint = (body: object) => world.backend('POST', '/auth/tokens', body);

    it('are made for an hour unless something else is asked', async () => {
      const before = Date.now();
      const { status, body } = await mint({ sub: 'minted', roles: ['user'], email: 'Minted@Example.org' });
      expect(status).toBe(201);
      expect(body).toEqual({ token: expect.any(String), expires_at: expect.stringMatching(/Z$/) });
      const lifetime = Date.parse(String(body['expires_at'])) - before;
      expect(Math.abs(lifetime - 3_600_000)).toBeLessThan(10_000);
    });

    it.each([
      [60, 60],
      ['90s', 90],
      ['15m', 900],
      ['6h', 21_600],
      ['7d', 604_800],
      ['365d', 31_536_000],
      [31_536_000, 31_536_000],
    ])('that expire in %p do so after %i seconds', async (expiresIn, seconds) => {
      const before = Date.now();
      const { body } = await mint({ sub: 'minted', roles: ['user'], expiresIn });
      const lifetime = Date.parse(String(body['expires_at'])) - before;
      expect(Math.abs(lifetime - seconds * 1000)).toBeLessThan(10_000);
      const claims = String(body['token']).split('.')[1] ?? '';
      const { exp } = JSON.parse(Buffer.from(claims, 'base64url').toString()) as { exp: number };
      expect(exp * 1000).toBe(Date.parse(String(body['expires_at'])));
    });

    it('work, carry what was asked for, and are audited', async () => {
      const { body } = await mint({
        sub: 'helper-1',
        email: 'Helper@Example.org',
        name: 'Sam',
        roles: ['volunteer'],
      });
      const me = await world.call('GET', '/api/volunteers/me', { token: String(body['token']) });
      expect(me.body).toMatchObject({ sub: 'helper-1', email: 'helper@example.org', name: 'Sam' });
      const made = `audit_log WHERE action = 'mint token' AND subject = 'helper-1' AND actor LIKE 'service:%'`;
      expect(await world.count(made)).toBe(1);
    });

    it('make people known before they come', async () => {
      const body = { sub: 'not-yet-here', email: 'Soon@Example.org', roles: ['user'] };
      expect((await mint(body)).status).toBe(201);
      const { status } = await world.backend('GET', '/api/conversations', undefined, body.sub);
      expect(status).toBe(200);
      const { body: made } = await mint({ ...body, sub: 'somebody-else' });
      const refused = await world.call('GET', '/api/conversations', { token: String(made['token']) });
      expectProblem(refused, 'email_taken');
    });

    it('of backends are taken with any case of the scheme', async () => {
      const headers = { authorization: `bearer ${TEST_SERVICE_TOKEN}` };
      const body = { sub: 'minted', roles: ['user'] };
      expect((await world.call('POST', '/auth/tokens', { headers, body })).status).toBe(201);
    });
  });

  describe('people', () => {
    const put = (sub: string, body: object) => world.backend('PUT', `/api/people/${sub}`, body);

    it('are made, and only the given fields change', async () => {
      const made = await put('ada', {
        email: 'Ada@Example.org',
        name: 'Ada',
        registered_at: '2020-02-29T12:00:00+02:00',
        roles: ['user'],
      });
      expect(made.status).toBe(200);
      const ada = {
        sub: 'ada',
        email: 'ada@example.org',
        name: 'Ada',
        registered_at: '2020-02-29T10:00:00.000Z',
        roles: ['user'],
      };
      expect(made.body).toEqual(ada);
      expect((await put('ada', {})).body).toEqual(ada);
      expect((await put('ada', { name: null })).body).toEqual({ ...ada, name: null });
      // Roles are given as a whole.
      const helps = await put('ada', { roles: ['volunteer', 'student'] });
      expect(helps.body).toEqual({ ...ada, name: null, roles: ['student', 'volunteer'] });
      expect((await put('ada', {})).body).toEqual(helps.body);
      expect((await put('ada', { email: null })).body['email']).toBeNull();
    });

    it('exist from their first valid token on', async () => {
      const before = await world.count('people');
      const person = await world.person('user');
      expect(await world.count('people')).toBe(before + 1);
      expect(await world.count('people WHERE sub = $1 AND email = $2', [person.sub, person.email])).toBe(1);
    });

    it('have the e-mail that a backend gives them at once, where their token names none', async () => {
      const token = await signToken({ sub: 'mailless', roles: ['user'] });
      const cancel = () =>
        world.call('POST', '/cancel_chat_request', { token, body: { user_email: 'given@example.org' } });
      expectProblem(await cancel(), 'forbidden');
      await put('mailless', { email: 'given@example.org' });
      expectProblem(await cancel(), 'not_found');
    });

    it('may have any words for names and subs', async () => {
      const sub = encodeURIComponent(`${SQL}/..`);
      const { status, body } = await put(sub, { name: `${SQL} 🙂` });
      expect([status, body['sub'], body['name']]).toEqual([200, `${SQL}/..`, `${SQL} 🙂`]);
      expect(await world.count('people WHERE sub = $1', [`${SQL}/..`])).toBe(1);
    });

    it('with a taken e-mail are refused and read nothing of the first account', async () => {
      const { user: first, chatId } = await world.chat();
      for (const email of [first.email, first.email.toUpperCase()]) {
        const thief = { sub: `thief-${email}`, email, roles: ['user', 'admin'] };
        const token = await signToken(thief);
        for (const path of [`/api/conversations/${chatId}`, '/api/conversations', '/api/volunteers']) {
          const answer = await world.call('GET', path, { token });
          expectProblem(answer, 'email_taken');
          expect(JSON.stringify(answer.body)).not.toContain(first.sub);
        }
        expect(await world.count('people WHERE sub = $1', [thief.sub])).toBe(0);
        expectProblem(await put('another', { email }), 'email_taken');
      }
      expect((await world.as(first, 'GET', `/api/conversations/${chatId}`)).status).toBe(200);
    });

    it('give an e-mail up for others to take', async () => {
      await put('giver', { email: 'moving@example.org' });
      expectProblem(await put('taker', { email: 'moving@example.org' }), 'email_taken');
      await put('giver', { email: null });
      expect((await put('taker', { email: 'moving@example.org' })).status).toBe(200);
    });

    it('keep their registration time when a token says nothing of it', async () => {
      const person = await world.person('user');
      await put(person.sub, { registered_at: '2021-01-01T00:00:00Z' });
      const renewed = await signToken({ sub: person.sub, email: person.email, roles: ['user', 'student'] });
      expect((await world.call('GET', '/api/conversations', { token: renewed })).status).toBe(200);
      expect((await put(person.sub, {})).body['registered_at']).toBe('2021-01-01T00:00:00.000Z');
    });
  });

  describe('acting for somebody', () => {
    it('reads and changes what is theirs', async () => {
      const volunteer = await world.person('volunteer');
      const me = (method: string, body?: object) =>
        world.backend(method, '/api/volunteers/me', body, volunteer.sub);
      expect((await me('GET')).body).toMatchObject({ sub: volunteer.sub, available: false });
      expect((await me('PATCH', { available: true })).body['available']).toBe(true);
      const audited = `audit_log a JOIN people p ON p.id = a.person_id
        WHERE p.sub = $1 AND a.action IN ('GET /api/volunteers/me', 'PATCH /api/volunteers/me')`;
      expect(await world.count(audited, [volunteer.sub])).toBe(2);
    });

    it('needs the role that the person would need, and a person', async () => {
      const user = await world.person('user');
      expectProblem(await world.backend('GET', '/api/volunteers/me', undefined, user.sub), 'forbidden');
      for (const sub of ['nobody', SQL, 'x'.repeat(5_000)]) {
        expectProblem(await world.backend('GET', '/api/conversations', undefined, sub), 'not_found');
      }
    });

    it('is for backends: the header means nothing in the hands of a person', async () => {
      const { user, chatId } = await world.chat();
      const other = await world.person('user');
      const answer = await world.call('GET', `/api/conversations/${chatId}`, {
        token: other.token,
        headers: { 'on-behalf-of': user.sub },
      });
      expectProblem(answer, 'forbidden');
    });
  });

  describe('devices', () => {
    const put = (person: TestPerson, token: string, platform = 'android') =>
      world.as(person, 'PUT', '/api/push-tokens', { token, platform });
    const devicesOf = async (person: TestPerson): Promise<string[]> => {
      const { rows } = await world.sql.query<{ token: string }>(
        `SELECT t.token FROM push_tokens t JOIN people p ON p.id = t.person_id WHERE p.sub = $1 ORDER BY t.token`,
        [person.sub],
      );
      return rows.map(({ token }) => token);
    };

    it('are registered, answered masked, registered again without a second row, and forgotten', async () => {
      const person = await world.person('user');
      const token = `fcm:${person.sub}/with a slash+?#%`;
      const { status, body } = await put(person, token);
      expect([status, body['platform']]).toEqual([200, 'android']);
      expect(String(body['token'])).not.toBe(token);
      await put(person, token, 'ios');
      expect(await devicesOf(person)).toEqual([token]);
      const path = `/api/push-tokens/${encodeURIComponent(token)}`;
      expect((await world.as(person, 'DELETE', path)).status).toBe(204);
      expect(await devicesOf(person)).toEqual([]);
      expectProblem(await world.as(person, 'DELETE', path), 'not_found');
    });

    it('move to the account that registers them last', async () => {
      const [first, second] = [await world.person('user'), await world.person('volunteer')];
      await put(first, 'shared-device');
      await put(second, 'shared-device');
      expect([await devicesOf(first), await devicesOf(second)]).toEqual([[], ['shared-device']]);
      expectProblem(await world.as(first, 'DELETE', '/api/push-tokens/shared-device'), 'not_found');
      expect(await devicesOf(second)).toEqual(['shared-device']);
    });

    it('are at most 20 a person: the one unseen for longest gives way', async () => {
      const person = await world.person('user');
      const name = (n: number): string => `${person.sub}-${String(n).padStart(2, '0')}`;
      for (let n = 1; n <= 20; n++) await put(person, name(n));
      await put(person, name(1));
      await put(person, name(21));
      const kept = await devicesOf(person);
      expect(kept).toHaveLength(20);
      expect(kept).toContain(name(1));
      expect(kept).not.toContain(name(2));
    });

    it('are exactly 20 after 30 at once, and none of those from before', async () => {
      const person = await world.person('user');
      for (let n = 0; n < 5; n++) await put(person, `${person.sub}-before-${n}`);
      const all = Array.from({ length: 30 }, (_, n) => put(person, `${person.sub}-at-once-${n}`));
      expect((await Promise.all(all)).map(({ status }) => status)).toEqual(Array(30).fill(200));
      const kept = await devicesOf(person);
      expect(kept).toHaveLength(20);
      expect(kept.filter((token) => token.includes('before'))).toEqual([]);
    });

    it("are nobody else's who had them, also when both accounts are full and exchange them at once", async () => {
      const [one, two] = [await world.person('user'), await world.person('user')];
      const of = (person: TestPerson): string[] => Array.from({ length: 20 }, (_, n) => `${person.sub}-${n}`);
      const [first, second] = [of(one), of(two)];
      for (const token of first) await put(one, token);
      for (const token of second) await put(two, token);
      const moves = first.flatMap((token, n) => [put(two, token), put(one, second[n] ?? '')]);
      expect((await Promise.all(moves)).map(({ status }) => status)).toEqual(Array(40).fill(200));
      expect([await devicesOf(one), await devicesOf(two)]).toEqual([second.sort(), first.sort()]);
    });

    it('may be called anything', async () => {
      const person = await world.person('user');
      expect((await put(person, SQL)).status).toBe(200);
      expect(await devicesOf(person)).toEqual([SQL]);
      const path = `/api/push-tokens/${encodeURIComponent(SQL)}`;
      expect((await world.as(person, 'DELETE', path)).status).toBe(204);
    });

    it('of many at once are registered without a failure', async () => {
      const [one, two] = [await world.person('user'), await world.person('user')];
      const all = Array.from({ length: 20 }, (_, n) => put(n % 2 === 0 ? one : two, 'contested'));
      expect((await Promise.all(all)).map(({ status }) => status)).toEqual(Array(20).fill(200));
      expect([...(await devicesOf(one)), ...(await devicesOf(two))]).toEqual(['contested']);
    });
  });
});
