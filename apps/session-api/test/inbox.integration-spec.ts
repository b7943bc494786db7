import type { InboxEntry } from '@kindline/contracts';
import { uuidV7 } from '@kindline/database';
import type { TestPerson } from '@kindline/testing';
import { type Answer, ApiWorld } from './api-world';
import { expectProblem } from './refusals';

const PATH = '/api/notifications/inbox';

interface Page {
  notifications: InboxEntry[];
  unread: number;
  cursor: string | null;
}

describe('the inbox', () => {
  let world: ApiWorld;
  beforeAll(async () => {
    world = await ApiWorld.start();
  });
  afterAll(() => world.stop());

  const page = async (person: TestPerson, query = ''): Promise<Page> => {
    const { body } = await world.expectStatus(200, world.as(person, 'GET', `${PATH}${query}`));
    return body as unknown as Page;
  };
  const read = (person: TestPerson, id: string): Promise<Answer> =>
    world.as(person, 'POST', `${PATH}/${id}/read`);

  /** An announcement to people, as the worker expands it. @returns the notification of each */
  async function announce(
    people: readonly TestPerson[],
    { title = 'News', withheld = null as string | null } = {},
  ): Promise<string[]> {
    const campaignId = uuidV7();
    await world.sql.query(
      `INSERT INTO campaigns (id, status, category, title, body, data, target, audience, created_at, send_at)
      VALUES ($1, 'sending', 'product', $2, 'There is something new', '{"page": "news"}', '{}', 1, now(), now())`,
      [campaignId, title],
    );
    const ids: string[] = [];
    for (const person of people) {
      const id = uuidV7();
      ids.push(id);
      await world.sql.query(
        `INSERT INTO notifications (id, person_id, kind, campaign_id, category, channel_key, screen, priority,
          only_absent, created_at, withheld)
        VALUES ($1, $2, 'announcement', $3, 'product', 'application_channel', 'home', 'normal', false, now(), $4)`,
        [id, await world.idOf(person), campaignId, withheld],
      );
    }
    return ids;
  }

  it('is empty at first', async () => {
    expect(await page(await world.person('user'))).toEqual({ notifications: [], unread: 0, cursor: null });
  });

  it('shows what an announcement says, as unread', async () => {
    const [person, other] = [await world.person('user'), await world.person('volunteer')];
    const [mine] = await announce([person, other]);
    expect(await page(person)).toEqual({
      notifications: [
        {
          id: mine,
          title: 'News',
          body: 'There is something new',
          category: 'product',
          data: { page: 'news' },
          created_at: expect.stringMatching(/Z$/),
          read_at: null,
        },
      ],
      unread: 1,
      cursor: null,
    });
  });

  it('shows announcements only, and none that was withheld', async () => {
    const person = await world.person('user');
    await announce([person], { withheld: 'opted_out' });
    const [cancelled = ''] = await announce([person], { withheld: 'cancelled' });
    await world.chat({ user: person });
    expect(await world.count('notifications WHERE person_id = $1', [await world.idOf(person)])).toBe(3);
    expect(await page(person)).toEqual({ notifications: [], unread: 0, cursor: null });
    expectProblem(await read(person, cancelled), 'not_found');
    const { body } = await world.as(person, 'POST', `${PATH}/read-all`);
    expect(body).toEqual({ read: 0 });
  });

  it('goes page by page, newest first, and misses nothing that comes meanwhile', async () => {
    const person = await world.person('user');
    for (let n = 1; n <= 5; n++) await announce([person], { title: `${n}` });
    const first = await page(person, '?limit=2');
    await announce([person], { title: '6' });
    const second = await page(person, `?limit=2&cursor=${String(first.cursor)}`);
    const third = await page(person, `?limit=2&cursor=${String(second.cursor)}`);
    const titles = [first, second, third].map(({ notifications }) => notifications.map(({ title }) => title));
    expect(titles).toEqual([['5', '4'], ['3', '2'], ['1']]);
    expect([first.unread, second.unread, third.cursor]).toEqual([5, 6, null]);
  });

  it('is read one by one; the first time counts', async () => {
    const person = await world.person('user');
    const [older = ''] = await announce([person], { title: 'older' });
    await announce([person], { title: 'newer' });
    const { status, body } = await read(person, older);
    expect([status, body]).toMatchObject([200, { id: older, title: 'older', read_at: expect.any(String) }]);
    expect((await read(person, older)).body).toEqual(body);
    const { notifications, unread } = await page(person);
    expect([notifications.map(({ read_at }) => read_at), unread]).toEqual([[null, body['read_at']], 1]);
    const onlyUnread = await page(person, '?unread=true');
    expect(onlyUnread.notifications.map(({ title }) => title)).toEqual(['newer']);
    expect((await page(person, '?unread=false')).notifications).toHaveLength(2);
  });

  it('is read as a whole, and keeps when each was read before', async () => {
    const [person, other] = [await world.person('user'), await world.person('user')];
    const [first = ''] = await announce([person, other]);
    await announce([person]);
    await announce([person]);
    const { body } = await read(person, first);
    const readAll = async (): Promise<unknown> =>
      (await world.expectStatus(200, world.as(person, 'POST', `${PATH}/read-all`))).body;
    expect([await readAll(), await readAll()]).toEqual([{ read: 2 }, { read: 0 }]);
    const { notifications, unread } = await page(person);
    expect([unread, notifications.at(-1)?.read_at]).toEqual([0, body['read_at']]);
    expect(await page(other)).toMatchObject({ unread: 1 });
  });

  it('is counted right when many devices read at once', async () => {
    const person = await world.person('user');
    for (let n = 0; n < 5; n++) await announce([person]);
    const all = Array.from({ length: 6 }, () => world.as(person, 'POST', `${PATH}/read-all`));
    const counts = (await Promise.all(all)).map(({ body }) => Number(body['read']));
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(5);
  });

  it("does not read other people's, unknown and malformed ones", async () => {
    const [person, other] = [await world.person('user'), await world.person('user')];
    const [theirs = ''] = await announce([other]);
    for (const id of [theirs, uuidV7(), 'malformed', "' OR 1=1 --"]) {
      expectProblem(await read(person, encodeURIComponent(id)), 'not_found');
    }
    expect(await page(other)).toMatchObject({ unread: 1 });
  });

  it('is read by a backend on behalf of a person', async () => {
    const person = await world.person('user');
    const [id = ''] = await announce([person]);
    const { body } = await world.expectStatus(200, world.backend('GET', PATH, undefined, person.sub));
    expect(body).toMatchObject({ unread: 1 });
    await world.expectStatus(200, world.backend('POST', `${PATH}/${id}/read`, undefined, person.sub));
    expect(await page(person)).toMatchObject({ unread: 0 });
  });
});
