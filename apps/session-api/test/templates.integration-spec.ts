import type { TestPerson } from '@kindline/testing';
import { type Answer, ApiWorld } from './api-world';
import { expectProblem } from './refusals';

const PATH = '/api/notification-templates';
const isoTime = expect.stringMatching(/^\d{4}-.*Z$/);

describe('templates of notifications', () => {
  let world: ApiWorld;
  let admin: TestPerson;
  beforeAll(async () => {
    world = await ApiWorld.start();
    admin = await world.person('admin');
  });
  afterAll(() => world.stop());

  const call = (method: string, path: string, body?: unknown): Promise<Answer> =>
    world.as(admin, method, `${PATH}${path}`, body);
  const audited = (action: string, id: string): Promise<number> =>
    world
      .idOf(admin)
      .then((personId) =>
        world.count('audit_log WHERE actor = $1 AND action = $2 AND subject = $3', [
          `person:${personId}`,
          action,
          id,
        ]),
      );

  it('are made, shown, replaced as a whole and removed, each with an entry in the audit log', async () => {
    const news = {
      name: 'News',
      category: 'product',
      title: 'New: {{ what }}',
      body: '{{who}}, {{ what }}!',
    };
    const made = await world.expectStatus(201, call('POST', '', { id: 'news', ...news }));
    expect(made.body).toEqual({
      id: 'news',
      ...news,
      variables: ['what', 'who'],
      created_at: isoTime,
      updated_at: made.body['created_at'],
    });
    expect((await call('GET', '/news')).body).toEqual(made.body);
    const replaced = await world.expectStatus(200, call('PUT', '/news', { title: 'T', body: 'B' }));
    expect(replaced.body).toEqual({
      id: 'news',
      name: null,
      category: null,
      title: 'T',
      body: 'B',
      variables: [],
      created_at: made.body['created_at'],
      updated_at: isoTime,
    });
    expect(String(replaced.body['updated_at']) > String(made.body['updated_at'])).toBe(true);
    expect((await call('GET', '')).body).toEqual({ templates: [replaced.body] });
    await world.expectStatus(204, call('DELETE', '/news'));
    expectProblem(await call('GET', '/news'), 'not_found');
    expectProblem(await call('DELETE', '/news'), 'not_found');
    for (const action of ['create template', 'put template', 'remove template']) {
      expect([action, await audited(action, 'news')]).toEqual([action, 1]);
    }
  });

  it('have an id of their own where none is given', async () => {
    const texts = { title: 'T', body: 'B' };
    const [one, two] = [await call('POST', '', texts), await call('POST', '', texts)];
    expect([one.status, two.status]).toEqual([201, 201]);
    expect(one.body['id']).not.toBe(two.body['id']);
    const path = `/${String(one.body['id'])}`;
    expect((await call('GET', path)).body).toEqual(one.body);
    await world.expectStatus(200, call('PUT', path, { title: 'T2', body: 'B' }));
  });

  it('are made once of many at once, and by PUT whether there or not', async () => {
    const all = Array.from({ length: 10 }, (_, n) =>
      call('POST', '', { id: 'once', title: `${n}`, body: 'B' }),
    );
    const answers = await Promise.all(all);
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array<number>(9).fill(409)]);
    const refused = answers.find(({ status }) => status === 409);
    if (refused) expectProblem(refused, 'conflict');
    expect(await audited('create template', 'once')).toBe(1);
    const puts = Array.from({ length: 10 }, (_, n) => call('PUT', '/twice', { title: `${n}`, body: 'B' }));
    expect((await Promise.all(puts)).map(({ status }) => status)).toEqual(Array(10).fill(200));
    expect(await audited('put template', 'twice')).toBe(10);
  });

  it('are checked when they are stored', async () => {
    const answer = await call('PUT', '/bad', { title: 'Fine', body: '{% if admin %}secret{% endif %}' });
    expectProblem(answer, 'validation_failed');
    expect(answer.body['errors']).toEqual([{ path: 'body', message: expect.any(String) }]);
    expectProblem(await call('GET', '/bad'), 'not_found');
    expect(await audited('put template', 'bad')).toBe(0);
  });

  it.each(['message', 'chat_request', 'reminder', 'seeker_request', 'call', 'booking'])(
    'of the kind %s only know the name of who is told, and must fit a long one',
    async (kind) => {
      const put = (title: string, body: string) => call('PUT', `/${kind}`, { title, body });
      expect((await put('{{name}}, look', 'Hello {{ name }}')).status).toBe(200);
      expectProblem(await put('T', 'Hello {{ sender }}'), 'validation_failed');
      expectProblem(await put('x'.repeat(201), 'B'), 'validation_failed');
      expectProblem(await put('{{ name }}', 'B'), 'validation_failed');
      expect((await call('GET', `/${kind}`)).body['title']).toBe('{{name}}, look');
    },
  );

  it('that somebody wrote into the table themselves are shown, and can be mended', async () => {
    await world.sql.query(
      `INSERT INTO notification_templates (id, title, body, created_at, updated_at)
      VALUES ('by_hand', '{{ name', 'Hello {{ name }}', now(), now())`,
    );
    const { status, body } = await call('GET', '/by_hand');
    expect([status, body['variables']]).toEqual([200, ['name']]);
    await world.expectStatus(200, call('PUT', '/by_hand', { title: '{{ name }}', body: 'B' }));
  });

  it("are nobody's but the administrators'", async () => {
    for (const role of ['user', 'volunteer', 'agent', 'supervisor'] as const) {
      const person = await world.person(role);
      expectProblem(await world.as(person, 'GET', PATH), 'forbidden');
      expectProblem(await world.as(person, 'PUT', `${PATH}/x`, { title: 'T', body: 'B' }), 'forbidden');
    }
  });
});
