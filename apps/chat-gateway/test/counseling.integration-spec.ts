import { createTestDatabase, type TestDatabase } from '@kindline/testing';
import { done } from './companion-kit';
import {
  counsellor,
  endSession,
  refusedWith,
  requestSession,
  session,
  sessionsOf,
  talk,
  text,
} from './counseling-kit';
import { at, World } from './kit';

let database: TestDatabase;
let world: World;

beforeAll(async () => {
  database = await createTestDatabase();
  world = await World.start(database.url, { gateways: 2 });
}, 60_000);
afterAll(async () => {
  await world.stop();
  await database.drop();
});

describe('a session', () => {
  it('is given to a counsellor who is online, at once', async () => {
    const helper = await counsellor(world);
    const student = await world.person('student');
    const { status, body } = await requestSession(world, student, 'Exams');
    expect({ status, state: body['status'], position: body['position'] }).toEqual({
      status: 201,
      state: 'active',
      position: undefined,
    });
    const sessionId = text(body, 'sessionId');
    const assigned = await helper.next('counseling:assigned', (one) => one.sessionId === sessionId);
    expect(assigned).toMatchObject({ topic: 'Exams', sessionId });
    helper.close();
  });

  it('carries what both say, over two gateways', async () => {
    const own = await session(world);
    const [student, helper] = await talk(world, own);
    const first = done(await student.say('Hello?'));
    const second = done(await helper.say('Hello, I am here.'));
    await helper.next('message', ({ id }) => id === first.id);
    await student.next('message', ({ id }) => id === second.id);
    expect(student.texts).toEqual(['Hello, I am here.']);
    expect(helper.texts).toEqual(['Hello?']);
    const { messages } = done(await student.history());
    expect(messages.map(({ content }) => content)).toEqual(['Hello?', 'Hello, I am here.']);
    await student.ask('typing', { on: true });
    expect(await helper.next('typing')).toEqual({ from: at(messages, 0).from, on: true });
    expect(await sessionsOf(world, own.student)).toHaveLength(1);
    await endSession(world, own.student, own.sessionId);
    const ended = { sessionId: own.sessionId, endedBy: 'student', reason: 'ended' };
    expect(await helper.next('session_ended')).toEqual(ended);
    expect(await student.next('session_ended')).toEqual(ended);
    expect(await refusedWith(at(world.gateways, 0).port, own.studentToken)).toEqual({
      code: 4001,
      message: 'Invalid session',
    });
    own.counsellor.close();
  });
});
