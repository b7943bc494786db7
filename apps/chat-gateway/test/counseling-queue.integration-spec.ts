import { createTestDatabase, type TestDatabase } from '@kindline/testing';
import { setTimeout as pause } from 'node:timers/promises';
import { done } from './companion-kit';
import {
  type ChatSocket,
  counselingFile,
  counsellor,
  endSession,
  enter,
  refusedWith,
  requestSession,
  session,
  sessionsOf,
  text,
} from './counseling-kit';
import { at, eventually, makePerson, type TestPerson, type TestSocket, World } from './kit';

describe('the queue', () => {
  let database: TestDatabase;
  let world: World;

  beforeAll(async () => {
    database = await createTestDatabase();
    const more = { PROGRAMS_FILE: counselingFile({ capacity: 2, lostAfter: '500ms' }) };
    world = await World.start(database.url, { apis: 2, gateways: 2, more });
  }, 60_000);
  afterAll(async () => {
    await world.stop();
    await database.drop();
  });

  const online: TestSocket[] = [];
  const comes = async (gateway = 0): Promise<TestSocket> => {
    const socket = await counsellor(world, gateway);
    online.push(socket);
    return socket;
  };
  /** Nobody is left over for the next test. */
  afterEach(async () => {
    for (const socket of online.splice(0)) socket.close();
    await world.sql.query('DELETE FROM anonymous_sessions');
  });

  interface Waiting {
    socket: TestSocket;
    person: TestPerson;
    sessionId: string;
    body: Record<string, unknown>;
  }
  const asks = async (replica = 0): Promise<Waiting> => {
    const person = await world.person('student');
    const socket = await world.connect(person, replica);
    const { body } = await requestSession(world, person, undefined, replica);
    return { socket, person, sessionId: text(body, 'sessionId'), body };
  };
  const place = async ({ socket, sessionId }: Waiting, position: number): Promise<void> => {
    await socket.next('counseling:queue', (one) => one.sessionId === sessionId && one.position === position);
  };
  const assigned = ({ socket, sessionId }: { socket: TestSocket; sessionId: string }) =>
    socket.next('counseling:assigned', (one) => one.sessionId === sessionId);
  const given = (helper: TestSocket): string[] =>
    helper.all('counseling:assigned').map(({ sessionId }) => sessionId);

  it('says where a student stands, and says it again whenever that changes', async () => {
    const [first, second, third] = [await asks(0), await asks(1), await asks(0)];
    expect([first, second, third].map(({ body }) => [body['status'], body['position']])).toEqual([
      ['queued', 1],
      ['queued', 2],
      ['queued', 3],
    ]);
    await place(third, 3);
    await endSession(world, first.person, first.sessionId);
    await place(second, 1);
    await place(third, 2);
    expect(await sessionsOf(world, third.person)).toMatchObject([{ status: 'queued', position: 2 }]);
  });

  it('is served in order by whoever comes online, as far as they have room', async () => {
    const waiting = [await asks(0), await asks(1), await asks(0)];
    const helper = await comes(1);
    await assigned(at(waiting, 0));
    await assigned(at(waiting, 1));
    await place(at(waiting, 2), 1);
    // Both are given at once; the news of it may overtake each other.
    expect(given(helper).sort()).toEqual([at(waiting, 0).sessionId, at(waiting, 1).sessionId].sort());
    await endSession(world, at(waiting, 0).person, at(waiting, 0).sessionId);
    await assigned(at(waiting, 2));
    await eventually('the counsellor has the third', () => given(helper).includes(at(waiting, 2).sessionId));
  });

  it('gives the next student to the one who has least to do', async () => {
    const helpers = [await comes(0), await comes(1)];
    const helperOf = async ({ sessionId }: Waiting): Promise<TestSocket> =>
      eventually('somebody has it', () => helpers.find((helper) => given(helper).includes(sessionId)));
    const [first, second] = [await asks(0), await asks(1)];
    const [one, other] = [await helperOf(first), await helperOf(second)];
    expect(one).not.toBe(other);
    for (const { left, kept } of [
      { left: first, kept: one },
      { left: second, kept: other },
    ]) {
      await endSession(world, left.person, left.sessionId);
      expect(await helperOf(await asks())).toBe(kept);
    }
    const [fifth, sixth] = [await asks(0), await asks(1)];
    expect(new Set([await helperOf(fifth), await helperOf(sixth)]).size).toBe(2);
    const late = await asks(0);
    expect(late.body).toMatchObject({ status: 'queued', position: 1 });
  });

  it('gives nobody to a counsellor who was switched off', async () => {
    const off = await comes();
    const active = (is: boolean) =>
      world.sql.query(
        `UPDATE helper_profiles SET active = $2 FROM people p WHERE p.id = person_id AND p.sub = $1`,
        [off.person.sub, is],
      );
    await active(false);
    const waiting = await asks();
    expect(waiting.body['status']).toBe('queued');
    await active(true);
    await assigned(waiting);
  });

  it('gives nobody to themselves, and lets who stands behind them pass', async () => {
    const both = await makePerson(['student', 'counselor']);
    const socket = await world.connect(both);
    online.push(socket);
    const { body } = await requestSession(world, both);
    expect(body).toMatchObject({ status: 'queued', position: 1 });
    const behind = await asks();
    expect(behind.body['status']).toBe('active');
    await eventually('they help', () => given(socket).includes(behind.sessionId));
    expect(await sessionsOf(world, both)).toMatchObject([
      { status: 'queued', role: 'student' },
      { status: 'active', role: 'counselor' },
    ]);
  });

  it('keeps one open session per student, whichever replica they ask at the same moment', async () => {
    const student = await world.person('student');
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, n) => requestSession(world, student, `topic ${n}`, n % 2)),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 200, 200, 200, 200, 200, 201]);
    expect(new Set(answers.map(({ body }) => body['sessionId'])).size).toBe(1);
    const again = await requestSession(world, student);
    expect(again).toMatchObject({ status: 200, body: { status: 'queued', position: 1 } });
  });

  it('tells a student who connects while waiting, and a counsellor who connects again', async () => {
    const person = await world.person('student');
    const { body } = await requestSession(world, person);
    const sessionId = text(body, 'sessionId');
    const socket = await world.connect(person, 1);
    await socket.next('counseling:queue', (one) => one.sessionId === sessionId && one.position === 1);
    const helper = await comes(0);
    await assigned({ socket, sessionId });
    const again = await world.connect(helper.person, 1);
    online.push(again);
    const shown = await again.next('counseling:assigned', (one) => one.sessionId === sessionId);
    expect(Object.keys(shown).sort()).toEqual(['chatToken', 'sessionId', 'studentAnonymousId', 'topic']);
    const own = await world.connect(person, 0);
    const toStudent = await own.next('counseling:assigned', (one) => one.sessionId === sessionId);
    expect(Object.keys(toStudent).sort()).toEqual(['chatToken', 'sessionId']);
  });

  describe('when a counsellor is lost', () => {
    let helper: TestSocket;
    let lost: Waiting;
    let behind: Waiting;
    let student: ChatSocket;
    let helperToken: string;

    beforeEach(async () => {
      helper = await comes();
      lost = await asks(0);
      helperToken = (await helper.next('counseling:assigned')).chatToken;
      student = await enter(world, text(lost.body, 'chatToken'));
      done(await student.say('Are you there?'));
      const other = await asks(1);
      await assigned(other);
      behind = await asks(1);
      await place(behind, 1);
    });

    it('puts their students at the head of the queue, and tells everybody', async () => {
      helper.close();
      await place(lost, 1);
      await student.next('counseling:queue', ({ position }) => position === 1);
      await place(behind, 3);
      expect(student.socket.connected).toBe(true);
      done(await student.say('Hello?'));
    });

    it('keeps what was said for the next one, who is somebody else to the student', async () => {
      const first = await enter(world, helperToken);
      done(await first.say('Yes, I am.'));
      await student.next('message', ({ content }) => content === 'Yes, I am.');
      first.close();
      helper.close();
      await place(lost, 1);
      const next = await comes(1);
      const { chatToken } = await next.next('counseling:assigned', (one) => one.sessionId === lost.sessionId);
      await student.next('counseling:assigned', (one) => one.sessionId === lost.sessionId);
      const second = await enter(world, chatToken);
      const { messages } = done(await second.history());
      expect(messages.map(({ content }) => content)).toEqual(['Are you there?', 'Yes, I am.']);
      done(await second.say('I take over.'));
      const { from } = await student.next('message', ({ content }) => content === 'I take over.');
      expect(messages.map((message) => message.from)).not.toContain(from);
      expect(await refusedWith(at(world.gateways, 0).port, helperToken)).toEqual({
        code: 4003,
        message: 'Unauthorized',
      });
    });

    it('lets them go who come back too late, with nothing of theirs left open', async () => {
      const first = await enter(world, helperToken);
      helper.close();
      expect(await first.next('session_ended')).toEqual({
        sessionId: lost.sessionId,
        endedBy: 'system',
        reason: 'counselor_lost',
      });
      await eventually('the socket is gone', () => first.left !== undefined);
      // Their other student's session follows.
      await eventually('none is left', async () => (await sessionsOf(world, helper.person)).length === 0);
      expect(await endSession(world, helper.person, lost.sessionId)).toMatchObject({ status: 403 });
    });

    it('waits for one who is back in time', async () => {
      const { rows } = await world.sql.query<{ version: number }>(
        'SELECT version FROM anonymous_sessions WHERE id = $1',
        [lost.sessionId],
      );
      await world.sql.query('UPDATE anonymous_sessions SET lost_at = now() WHERE id = $1', [lost.sessionId]);
      await eventually('it is not lost any more', async () => {
        const { rowCount } = await world.sql.query(
          'SELECT FROM anonymous_sessions WHERE id = $1 AND lost_at IS NULL AND version = $2',
          [lost.sessionId, at(rows, 0).version],
        );
        return rowCount === 1;
      });
    });

    it('does not take the session from one who is writing', async () => {
      const first = await enter(world, helperToken);
      helper.close();
      await eventually('it is noticed', async () => {
        const { rowCount } = await world.sql.query(
          'SELECT FROM anonymous_sessions WHERE id = $1 AND lost_at IS NOT NULL',
          [lost.sessionId],
        );
        return rowCount === 1;
      });
      const until = Date.now() + 2_500;
      while (Date.now() < until) {
        done(await first.say('I am here.'));
        await pause(100);
      }
      expect(first.left).toBeUndefined();
      expect(first.all('session_ended')).toEqual([]);
    });
  });

  it('frees a counsellor whose student has ended, over HTTP or in the session', async () => {
    const own = await session(world);
    online.push(own.counsellor);
    const student = await enter(world, own.studentToken);
    done(await student.ask('end_session', {}));
    const end = { sessionId: own.sessionId, endedBy: 'student', reason: 'ended' };
    expect(await own.counsellor.next('session_ended')).toEqual(end);
    expect(await student.next('session_ended')).toEqual(end);
    expect(await endSession(world, own.student, own.sessionId)).toMatchObject({
      status: 200,
      body: { sessionId: own.sessionId, status: 'ended' },
    });
    const next = await asks();
    expect(next.body['status']).toBe('active');
  });
});
