import type { PreferencesView } from '@kindline/contracts';
import type { TestPerson } from '@kindline/testing';
import { type Answer, ApiWorld } from './api-world';
import { expectProblem } from './refusals';

const PATH = '/api/users/me/notification-preferences';
const EVERYTHING: PreferencesView = {
  categories: { transactional: true, messages: true, reminders: true, promotional: true, product: true },
  quietHours: null,
};
const NIGHT = { from: '22:00', to: '07:00', timeZone: 'Europe/Berlin' };

describe('what people want to be told of', () => {
  let world: ApiWorld;
  beforeAll(async () => {
    world = await ApiWorld.start();
  });
  afterAll(() => world.stop());

  const get = async (person: TestPerson): Promise<unknown> => {
    const { body } = await world.expectStatus(200, world.as(person, 'GET', PATH));
    return body;
  };
  const put = (person: TestPerson, body: unknown): Promise<Answer> => world.as(person, 'PUT', PATH, body);

  it('is everything at any time until they say otherwise', async () => {
    expect(await get(await world.person('user'))).toEqual(EVERYTHING);
  });

  it('is no promotional offers any more for Dana, who unchecks them', async () => {
    const dana = await world.person('user');
    const { status, body } = await put(dana, { categories: { promotional: false } });
    const expected = { ...EVERYTHING, categories: { ...EVERYTHING.categories, promotional: false } };
    expect([status, body]).toEqual([200, expected]);
    expect(await get(dana)).toEqual(expected);
    expect(await get(await world.person('user'))).toEqual(EVERYTHING);
    expect((await put(dana, { categories: { promotional: true } })).body).toEqual(EVERYTHING);
  });

  it('keeps what is not named', async () => {
    const person = await world.person('volunteer');
    await put(person, { categories: { promotional: false, reminders: false } });
    await put(person, { quietHours: NIGHT });
    await put(person, { categories: { product: false, reminders: true, transactional: true } });
    await put(person, {});
    await put(person, { categories: {} });
    const categories = { ...EVERYTHING.categories, promotional: false, product: false };
    expect(await get(person)).toEqual({ categories, quietHours: NIGHT });
    expect((await put(person, { quietHours: null })).body).toEqual({ categories, quietHours: null });
  });

  it('has quiet hours as a whole, which replace the ones before', async () => {
    const person = await world.person('user');
    await put(person, { quietHours: NIGHT });
    const noon = { from: '00:00', to: '23:59', timeZone: 'America/Argentina/Buenos_Aires' };
    await put(person, { quietHours: noon });
    expect(await get(person)).toEqual({ ...EVERYTHING, quietHours: noon });
  });

  it.each([
    ['transactional off', { categories: { transactional: false } }, 'categories.transactional'],
    [
      'transactional off beside another',
      { categories: { promotional: false, transactional: false } },
      'categories.transactional',
    ],
    ['a zone that is none', { quietHours: { ...NIGHT, timeZone: 'Mars/Olympus' } }, 'quietHours.timeZone'],
    ['a time that is none', { quietHours: { ...NIGHT, from: '25:00' } }, 'quietHours.from'],
    ['quiet hours without an end', { quietHours: { ...NIGHT, to: '22:00' } }, 'quietHours.to'],
    [
      'one good and one bad',
      { categories: { product: false }, quietHours: { ...NIGHT, to: '7' } },
      'quietHours.to',
    ],
  ])('cannot be %s, which changes nothing', async (_what, change, path) => {
    const person = await world.person('user');
    await put(person, { categories: { messages: false } });
    const before = await get(person);
    const answer = await put(person, change);
    expectProblem(answer, 'validation_failed');
    expect(answer.body['errors']).toEqual([{ path, message: expect.any(String) }]);
    expect(await get(person)).toEqual(before);
  });

  it('counts every change of many at once', async () => {
    for (let round = 0; round < 5; round++) {
      const person = await world.person('user');
      const changes = [
        { categories: { messages: false } },
        { categories: { reminders: false } },
        { categories: { promotional: false } },
        { categories: { product: false } },
        { quietHours: NIGHT },
      ];
      const answers = await Promise.all(changes.map((change) => put(person, change)));
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
      expect(await get(person)).toEqual({
        categories: {
          transactional: true,
          messages: false,
          reminders: false,
          promotional: false,
          product: false,
        },
        quietHours: NIGHT,
      });
    }
  });

  it('is set by a backend on behalf of a person', async () => {
    const person = await world.person('user');
    const change = { categories: { product: false } };
    await world.expectStatus(200, world.backend('PUT', PATH, change, person.sub));
    expect(await get(person)).toMatchObject({ categories: { product: false, promotional: true } });
    expect(await world.count('audit_log WHERE action = $1', [`PUT ${PATH}`])).toBe(1);
  });
});
