import type { Ack } from '@kindline/contracts';
import { createTestDatabase, type TestDatabase } from '@kindline/testing';
import { accept, done, request } from './companion-kit';
import { at, type EventName, eventually, makePerson, type TestSocket, World } from './kit';

jest.setTimeout(120_000);

const VOLUNTEERS = 500;
const SENIORS = 100;
const CONNECT_AT_ONCE = 50;
const RACES_AT_ONCE = 20;

const code = (answer: Ack): string => (answer.ok ? 'ok' : answer.error.code);

describe('100 requests at the same moment, 500 volunteers online over two gateways', () => {
  let database: TestDatabase;
  let world: World;
  let volunteers: TestSocket[];
  let seniors: TestSocket[];

  /** Half of them on each gateway; a first token makes a person. */
  const join = async (role: 'senior' | 'volunteer', count: number): Promise<TestSocket[]> => {
    const sockets: TestSocket[] = [];
    while (sockets.length < count) {
      const group = Array.from({ length: CONNECT_AT_ONCE }, async (_, index) =>
        world.connect(await makePerson(role), index % 2),
      );
      sockets.push(...(await Promise.all(group)));
    }
    return sockets;
  };

  /** Waits until every volunteer has had as many of these as they should, and a moment more for one too many. */
  const everyoneHas = async (event: EventName, count: (volunteer: TestSocket) => number): Promise<void> => {
    await eventually(
      `${event} for everyone`,
      () => volunteers.every((volunteer) => volunteer.all(event).length >= count(volunteer)),
      30_000,
    );
    await new Promise((resolve) => setTimeout(resolve, 200));
  };

  beforeAll(async () => {
    database = await createTestDatabase();
    world = await World.start(database.url);
    volunteers = await join('volunteer', VOLUNTEERS);
    seniors = await join('senior', SENIORS);
  });
  afterAll(async () => {
    await world.stop();
    await database.drop();
  });

  it('every volunteer is shown every request exactly once', async () => {
    const asked = (await Promise.all(seniors.map((senior) => request(senior)))).map(done);
    expect(asked.map(({ notified }) => notified)).toEqual(Array(SENIORS).fill(VOLUNTEERS));
    await everyoneHas('seeker:incoming', () => SENIORS);
    const ids = asked.map(({ requestId }) => requestId).sort();
    for (const volunteer of volunteers) {
      const shown = volunteer.all('seeker:incoming').map(({ requestId }) => requestId);
      expect(shown.sort()).toEqual(ids);
    }
  });

  it('each is won by exactly one of five who accept it, and everybody else is told so exactly once', async () => {
    const subs = seniors.map(({ person }) => person.sub);
    const winners: TestSocket[] = [];
    const race = async ({ person }: TestSocket, index: number): Promise<void> => {
      const racers = volunteers.filter((_, volunteer) => volunteer % SENIORS === index);
      const answers = await Promise.all(racers.map((volunteer) => accept(volunteer, person)));
      expect(answers.map(code).sort()).toEqual([...Array<string>(4).fill('already_accepted'), 'ok']);
      winners[index] = at(
        racers,
        answers.findIndex(({ ok }) => ok),
      );
    };
    for (let from = 0; from < SENIORS; from += RACES_AT_ONCE) {
      const some = seniors.slice(from, from + RACES_AT_ONCE);
      await Promise.all(some.map((senior, index) => race(senior, from + index)));
    }
    const won = (volunteer: TestSocket): string[] => subs.filter((_, index) => winners[index] === volunteer);
    await everyoneHas('request:claimed', (volunteer) => SENIORS - won(volunteer).length);
    for (const volunteer of volunteers) {
      const own = won(volunteer);
      const claimed = volunteer.all('request:claimed').map(({ seniorId }) => seniorId);
      expect(claimed.sort()).toEqual(subs.filter((sub) => !own.includes(sub)).sort());
      expect(volunteer.all('session:started').map(({ seniorId }) => seniorId)).toEqual(own);
      expect(volunteer.all('seeker:incoming')).toHaveLength(SENIORS);
    }
    for (const [index, senior] of seniors.entries()) {
      expect(senior.all('session:started')).toMatchObject([{ volunteerId: at(winners, index).person.sub }]);
    }
    const { rows } = await world.sql.query<{ status: string; count: number }>(
      'SELECT status, count(*)::int FROM help_requests GROUP BY status',
    );
    expect(rows).toEqual([{ status: 'accepted', count: SENIORS }]);
  });
});
