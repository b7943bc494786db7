import { createTestDatabase, type TestDatabase } from '@kindline/testing';
import { at, type HttpAnswer, type TestPerson, World } from './kit';

jest.setTimeout(180_000);

const times = <T>(count: number, make: (index: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => make(index)));

/** Runs `work` for every item, `width` of them at a time. */
async function sideBySide<T>(
  items: readonly T[],
  width: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const queue = [...items];
  const worker = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
  };
  await times(width, worker);
}

const outcome = ({ status, body }: HttpAnswer): string =>
  status === 201 ? 'won' : `${status} ${String(body['code'])}`;

function tally(answers: readonly HttpAnswer[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const answer of answers) counts[outcome(answer)] = (counts[outcome(answer)] ?? 0) + 1;
  return counts;
}

describe('at the same moment, through two replicas of the session API', () => {
  let database: TestDatabase;
  let world: World;

  beforeAll(async () => {
    database = await createTestDatabase();
    world = await World.start(database.url, { apis: 2, gateways: 0 });
  });
  afterAll(async () => {
    await world.stop();
    await database.drop();
  });
  beforeEach(() => world.nobodyAvailable());

  async function requested(count: number): Promise<TestPerson[]> {
    const users: TestPerson[] = [];
    await sideBySide(
      Array.from({ length: count }, (_, index) => index),
      8,
      async (index) => {
        const user = await world.person('user');
        expect(await world.request(user, 'help', index % 2)).toMatchObject({ status: 201 });
        users.push(user);
      },
    );
    return users;
  }

  /** Every volunteer accepts this request at once, half of them on either replica. */
  const race = (user: TestPerson, volunteers: TestPerson[]): Promise<HttpAnswer[]> =>
    Promise.all(volunteers.map((volunteer, index) => world.accept(volunteer, user, index % 2)));

  async function loads(volunteers: TestPerson[]): Promise<number[]> {
    const { rows } = await world.sql.query<{ open: string }>(
      `SELECT count(m.conversation_id) AS open FROM people p
      LEFT JOIN conversation_members m ON m.person_id = p.id AND m.open AND m.role = 'helper'
      WHERE p.sub = ANY ($1) GROUP BY p.id`,
      [volunteers.map(({ sub }) => sub)],
    );
    return rows.map(({ open }) => Number(open));
  }

  it('each of 200 requests that 15 volunteers accept is won by exactly one, and the others came too late', async () => {
    const volunteers = await times(15, () => world.volunteer(200));
    const users = await requested(200);
    await sideBySide(users, 4, async (user) => {
      expect(tally(await race(user, volunteers))).toEqual({ won: 1, '409 already_accepted': 14 });
    });
    expect((await loads(volunteers)).reduce((sum, load) => sum + load)).toBe(200);
    const { rows } = await world.sql.query<{ requests: string; winners: string; conversations: string }>(
      `SELECT count(DISTINCT r.id) AS requests, count(DISTINCT c.id) AS conversations,
        count(i.request_id) FILTER (WHERE i.status = 'accepted' AND i.helper_id = r.accepted_by) AS winners
      FROM help_requests r JOIN conversations c ON c.request_id = r.id JOIN invitations i ON i.request_id = r.id
      JOIN people p ON p.id = r.seeker_id WHERE p.sub = ANY ($1) AND r.status = 'accepted'`,
      [users.map(({ sub }) => sub)],
    );
    expect(rows).toEqual([{ requests: '200', conversations: '200', winners: '200' }]);
  });

  it('volunteers with room for exactly all requests take them all and never one too many', async () => {
    const volunteers = await times(15, () => world.volunteer(3));
    const users = await requested(45);
    await sideBySide(users, 6, async (user) => {
      const { won, ...others } = tally(await race(user, volunteers));
      expect(won).toBe(1);
      expect(
        Object.keys(others).filter((code) => !/^409 (already_accepted|at_capacity)$/.test(code)),
      ).toEqual([]);
    });
    expect(await loads(volunteers)).toEqual(volunteers.map(() => 3));
  });

  it('a volunteer with room for one more who accepts two gets one, and is full for the other', async () => {
    for (let round = 0; round < 20; round++) {
      await world.nobodyAvailable();
      const volunteer = await world.volunteer(2);
      const [before, one, two] = await requested(3);
      if (!before || !one || !two) throw new Error('three were asked for');
      await world.accept(volunteer, before);
      const answers = await Promise.all([world.accept(volunteer, one, 0), world.accept(volunteer, two, 1)]);
      expect(tally(answers)).toEqual({ won: 1, '409 at_capacity': 1 });
      expect(await loads([volunteer])).toEqual([2]);
    }
  });

  it('a request is cancelled or accepted, never both', async () => {
    const volunteer = await world.volunteer(1000);
    const seen = new Set<string>();
    for (let round = 0; round < 60; round++) {
      const [user] = await requested(1);
      if (!user) throw new Error('one was asked for');
      // One of the two sets out a little earlier, so that either has its chance.
      const later = <T>(ms: number, act: () => Promise<T>): Promise<T> =>
        new Promise<void>((resolve) => setTimeout(resolve, ms)).then(act);
      const [accepted, cancelled] = await Promise.all([
        later(round % 3 === 0 ? 2 : 0, () => world.accept(volunteer, user, round % 2)),
        later(round % 3 === 1 ? 2 : 0, () => world.cancel(user, (round + 1) % 2)),
      ]);
      const pair = `${outcome(accepted)}, ${cancelled.status}`;
      seen.add(pair);
      expect(['won, 404', '404 not_found, 200']).toContain(pair);
      const { rows } = await world.sql.query<{ status: string; conversations: string }>(
        `SELECT r.status, count(c.id) AS conversations FROM help_requests r JOIN people p ON p.id = r.seeker_id
        LEFT JOIN conversations c ON c.request_id = r.id WHERE p.sub = $1 GROUP BY r.id`,
        [user.sub],
      );
      expect(rows).toEqual([
        accepted.status === 201
          ? { status: 'accepted', conversations: '1' }
          : { status: 'cancelled', conversations: '0' },
      ]);
      // Another round needs a volunteer without a conversation.
      await world.sql.query(`UPDATE conversation_members SET open = false WHERE open`);
      await world.sql.query(
        `UPDATE conversations SET status = 'ended', ended_at = now(), ended_by = 'system', end_reason = 'inactivity' WHERE status = 'active'`,
      );
    }
    expect(seen.size).toBe(2);
  });

  it('the winner who repeats gets the same conversation, also when both arrive together', async () => {
    const volunteer = await world.volunteer(1);
    const [user] = await requested(1);
    if (!user) throw new Error('one was asked for');
    const answers = await times(6, (index) => world.accept(volunteer, user, index % 2));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 201));
    expect(new Set(answers.map(({ body }) => body['chat_id'])).size).toBe(1);
    expect(at(answers, 0).body['chat_id']).toEqual(expect.any(String));
  });
});
