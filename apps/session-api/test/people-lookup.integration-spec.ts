import type { KnownPerson } from '@kindline/contracts';
import { signToken, type TestPerson } from '@kindline/testing';
import { ApiWorld } from './api-world';
import { expectProblem } from './refusals';

describe('people, as administrators see them', () => {
  let world: ApiWorld;
  let admin: TestPerson;
  beforeAll(async () => {
    world = await ApiWorld.start();
    admin = await world.person('admin');
    const people = [
      { sub: 'Auth0|17', email: 'nina@example.org', name: 'Zoë Abbott', roles: ['user'] },
      { sub: 'b-1', email: 'zora@example.org', name: 'Ben 100% real', roles: ['volunteer', 'user'] },
      { sub: 'b_1', name: 'ZOË Quentin', roles: ['volunteer'] },
    ];
    for (const person of people) {
      await world.expectStatus(
        200,
        world.call('GET', '/api/conversations', { token: await signToken(person) }),
      );
    }
  });
  afterAll(() => world.stop());

  const page = async (query: string): Promise<{ people: KnownPerson[]; cursor: string | null }> => {
    const { body } = await world.expectStatus(200, world.as(admin, 'GET', `/api/people?${query}`));
    return body as unknown as { people: KnownPerson[]; cursor: string | null };
  };
  const subs = async (query: string): Promise<string[]> => (await page(query)).people.map(({ sub }) => sub);
  const audited = (action: string): Promise<number> => world.count('audit_log WHERE action = $1', [action]);

  it('are found by how their name, their e-mail address or their sub begins, in any case', async () => {
    expect(await subs('search=zo')).toEqual(['b_1', 'b-1', 'Auth0|17']);
    expect(await subs(`search=${encodeURIComponent('zoË')}`)).toEqual(['b_1', 'Auth0|17']);
    expect(await subs('search=NINA@')).toEqual(['Auth0|17']);
    expect(await subs('search=auth0')).toEqual(['Auth0|17']);
    expect(await subs('search=bbott')).toEqual([]);
  });

  it('are not found by what SQL takes for a placeholder', async () => {
    expect(await subs('search=b_')).toEqual(['b_1']);
    expect(await subs(`search=${encodeURIComponent('ben 100%')}`)).toEqual(['b-1']);
    expect(await subs(`search=${encodeURIComponent('%')}`)).toEqual([]);
    expect(await subs(`search=${encodeURIComponent('\\')}`)).toEqual([]);
  });

  it('are shown with their roles and when they were last seen', async () => {
    const [nina] = (await page('search=nina')).people;
    const isoTime = expect.stringMatching(/^\d{4}-.*Z$/);
    expect(nina).toEqual({
      sub: 'Auth0|17',
      email: 'nina@example.org',
      name: 'Zoë Abbott',
      roles: ['user'],
      registered_at: isoTime,
      last_seen_at: isoTime,
    });
    await world.expectStatus(200, world.backend('PUT', '/api/people/unseen', { name: 'Unseen' }));
    expect((await page('search=unseen')).people).toMatchObject([{ roles: [], last_seen_at: null }]);
  });

  it('are listed by role, page by page, each once', async () => {
    expect(await subs('role=volunteer')).toEqual(['b_1', 'b-1']);
    expect(await subs('role=volunteer&search=zora')).toEqual(['b-1']);
    const all = await subs('');
    const first = await page('limit=2');
    const second = await page(`limit=200&cursor=${first.cursor}`);
    expect([...first.people, ...second.people].map(({ sub }) => sub)).toEqual(all);
    expect([first.people.length, second.cursor]).toEqual([2, null]);
    const found = await page('limit=1&search=zo');
    expect(await subs(`limit=1&search=zo&cursor=${found.cursor}`)).toEqual(['b-1']);
  });

  it('leave a trace of who looked, and not of what was searched for', async () => {
    const before = await audited('list people');
    await page('search=nina');
    expect(await audited('list people')).toBe(before + 1);
    expect(await world.count("audit_log WHERE coalesce(subject, '') ILIKE '%nina%'")).toBe(0);
  });

  it('have preferences that are shown as they see them, and audited', async () => {
    const user = await world.person('user');
    const path = `/api/people/${user.sub}/notification-preferences`;
    const change = {
      categories: { promotional: false },
      quietHours: { from: '22:00', to: '07:00', timeZone: 'Europe/Berlin' },
    };
    const mine = await world.as(user, 'PUT', '/api/users/me/notification-preferences', change);
    expect((await world.expectStatus(200, world.as(admin, 'GET', path))).body).toEqual(mine.body);
    expect(
      await world.count('audit_log WHERE action = $1 AND subject = $2', ['view preferences', user.sub]),
    ).toBe(1);
    expectProblem(await world.as(admin, 'GET', '/api/people/nobody/notification-preferences'), 'not_found');
    expectProblem(await world.as(user, 'GET', path), 'forbidden');
  });

  it('are counted for an announcement, and those of them who switched its category off', async () => {
    const users = [await world.person('user'), await world.person('user'), await world.person('student')];
    for (const user of users.slice(1)) {
      await world.as(user, 'PUT', '/api/users/me/notification-preferences', {
        categories: { product: false },
      });
    }
    const target = { subs: users.map(({ sub }) => sub) };
    const size = async (body: object): Promise<unknown> =>
      (await world.expectStatus(200, world.as(admin, 'POST', '/api/notifications/audience', body))).body;
    expect(await size({ target, category: 'product' })).toEqual({ audience: 3, opted_out: 2 });
    expect(await size({ target, category: 'promotional' })).toEqual({ audience: 3, opted_out: 0 });
    expect(await size({ target: { ...target, roles: ['student'] }, category: 'product' })).toEqual({
      audience: 1,
      opted_out: 1,
    });
    expect(await size({ target })).toEqual({ audience: 3, opted_out: null });
    expect(await world.count('campaigns')).toBe(0);
  });
});
