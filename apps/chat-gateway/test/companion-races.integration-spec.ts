import type { Ack } from '@kindline/contracts';
import { createTestDatabase, type TestDatabase } from '@kindline/testing';
import { accept, cancel, done, request } from './companion-kit';
import { at, type TestSocket, World } from './kit';

jest.setTimeout(180_000);

const code = (answer: Ack): string => (answer.ok ? 'ok' : answer.error.code);

describe('at the same moment, over two gateways', () => {
  let database: TestDatabase;
  let world: World;

  beforeAll(async () => {
    database = await createTestDatabase();
    world = await World.start(database.url);
  });
  afterAll(async () => {
    await world.stop();
    await database.drop();
  });

  const statusOf = async (requestId: string): Promise<{ status: string; conversations: number }> => {
    const { rows } = await world.sql.query<{ status: string; conversations: number }>(
      `SELECT r.status, count(c.id)::int AS conversations FROM help_requests r
      LEFT JOIN conversations c ON c.request_id = r.id WHERE r.id = $1 GROUP BY r.status`,
      [requestId],
    );
    return at(rows, 0);
  };
  const pair = async (index: number): Promise<{ senior: TestSocket; volunteer: TestSocket }> => ({
    senior: await world.connect(await world.person('senior'), index % 2),
    volunteer: await world.connect(await world.person('volunteer'), (index + 1) % 2),
  });

  it.each([
    ['cancelled and then accepted', 'cancelled'],
    ['accepted and then cancelled', 'accepted'],
  ])('a request that is %s stays %s', async (_what, first) => {
    const { senior, volunteer } = await pair(0);
    const { requestId } = done(await request(senior));
    const moves = [() => cancel(senior), () => accept(volunteer, senior.person)];
    if (first === 'accepted') moves.reverse();
    expect(code(await at(moves, 0)())).toBe('ok');
    expect(code(await at(moves, 1)())).toBe('not_found');
    expect(await statusOf(requestId)).toEqual({
      status: first,
      conversations: first === 'accepted' ? 1 : 0,
    });
  });

  it('a request that is accepted while it is cancelled is one of both, 500 times', async () => {
    const pairs = await Promise.all(Array.from({ length: 10 }, (_, index) => pair(index)));
    const outcomes = { accepted: 0, cancelled: 0 };
    const once = async ({ senior, volunteer }: (typeof pairs)[number], leadMs: number): Promise<void> => {
      const { requestId } = done(await request(senior));
      const after = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
      const [accepted, cancelled] = await Promise.all([
        after(Math.max(leadMs, 0)).then(() => accept(volunteer, senior.person)),
        after(Math.max(-leadMs, 0)).then(() => cancel(senior)),
      ]);
      // Exactly one of them was told that it did it, and that is what is stored.
      expect([accepted.ok, cancelled.ok].filter(Boolean)).toHaveLength(1);
      const won = accepted.ok ? 'accepted' : 'cancelled';
      outcomes[won]++;
      expect(await statusOf(requestId)).toEqual({ status: won, conversations: accepted.ok ? 1 : 0 });
      if (!accepted.ok) return;
      const { conversationId } = accepted;
      // The same volunteer has to have room for the next one.
      done(await volunteer.ask('chat:end', { conversationId, userId: volunteer.person.sub }));
    };
    await Promise.all(
      pairs.map(async (own) => {
        // Accepting asks more before it decides, so it mostly goes first.
        for (let round = 0; round < 50; round++) await once(own, 4 - Math.random() * 28);
      }),
    );
    expect(outcomes.accepted + outcomes.cancelled).toBe(500);
    // Otherwise the race was none.
    expect(Math.min(outcomes.accepted, outcomes.cancelled)).toBeGreaterThan(50);
  });

  it('each of 40 requests that 8 volunteers accept is won by exactly one, and nobody exceeds their capacity', async () => {
    const volunteers = await Promise.all(
      Array.from({ length: 8 }, async (_, index) =>
        world.connect(await world.person('volunteer'), index % 2),
      ),
    );
    const seniors = await Promise.all(
      Array.from({ length: 40 }, async (_, index) => world.connect(await world.person('senior'), index % 2)),
    );
    for (const senior of seniors) done(await request(senior));
    const winners = await Promise.all(
      seniors.map(async ({ person }) => {
        const answers = await Promise.all(volunteers.map((volunteer) => accept(volunteer, person)));
        expect(
          answers.every((answer) => ['ok', 'already_accepted', 'at_capacity'].includes(code(answer))),
        ).toBe(true);
        return answers.filter(({ ok }) => ok).length;
      }),
    );
    // 8 volunteers of capacity 5 can hold all 40; a request that all found full at that moment stays pending.
    expect(winners.every((count) => count <= 1)).toBe(true);
    const { rows } = await world.sql.query<{ open: number }>(
      `SELECT count(*)::int AS open FROM conversation_members m JOIN people p ON p.id = m.person_id
      WHERE p.sub = ANY ($1) AND m.open GROUP BY p.id`,
      [volunteers.map(({ person }) => person.sub)],
    );
    expect(rows.every(({ open }) => open <= 5)).toBe(true);
    expect(rows.reduce((sum, { open }) => sum + open, 0)).toBe(winners.filter(Boolean).length);
  });
});
