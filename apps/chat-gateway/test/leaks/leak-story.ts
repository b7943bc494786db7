import { done } from '../companion-kit';
import type { ChatSocket } from '../counseling-kit';
import { eventually, type TestSocket } from '../kit';
import { Side } from './leak-side';
import { type LeakWorld, RETENTION_MS } from './leak-world';
import type { Row } from './postgres-record';

/** Who took part. */
export interface Story {
  /** Has two sessions: one is ended, one expires. */
  student: Side;
  /** Ends a session, after which a backend still acts for them. */
  otherStudent: Side;
  /** Asks while Redis refuses. */
  unluckyStudent: Side;
  /** Is lost in the middle of a session. */
  firstCounsellor: Side;
  secondCounsellor: Side;
  /** All, in the order in which they were asked for. */
  sessionIds: string[];
}

const SESSIONS = '/api/chat/sessions';

/** What can happen in anonymous sessions, once, until nobody but the two sides could tell that it did. */
export async function tell(world: LeakWorld): Promise<Story> {
  const arrive = (role: 'student' | 'counselor') => Side.arrive(world, role);
  const [student, otherStudent, unluckyStudent] = [
    await arrive('student'),
    await arrive('student'),
    await arrive('student'),
  ];
  const [firstCounsellor, secondCounsellor] = [await arrive('counselor'), await arrive('counselor')];
  const cast = { student, otherStudent, unluckyStudent, firstCounsellor, secondCounsellor };

  const waiting = await waits(world, cast);
  const lost = await talk(world, cast, waiting);
  await replace(world, cast, lost);
  const other = await endedWithBackend(world, cast);
  const expiring = await expire(world, cast);
  const sessionIds = [waiting.sessionId, other, expiring];
  await forgotten(world);
  await world.stopServices();
  return { ...cast, sessionIds };
}

type Cast = Omit<Story, 'sessionIds'>;
interface Open {
  sessionId: string;
  /** The student's. */
  chatToken: string;
  chat: ChatSocket;
  home: TestSocket;
}

/** A student waits, and already says something. */
async function waits(world: LeakWorld, { student }: Cast): Promise<Open> {
  const home = await student.online(0);
  const { sessionId, chatToken, status } = await student.request(world.secret('the topic'));
  if (status !== 'queued') throw new Error(`a counsellor is there: ${String(status)}`);
  await home.next('counseling:queue');
  const chat = await student.enter(chatToken, 0);
  done(await chat.say(world.secret('said while waiting'), world.secret('a client id')));
  await student.request('asked twice');
  await world.look('while the student waits');
  return { sessionId, chatToken, chat, home };
}

/** A counsellor comes; both talk; the student is away for a moment; then the counsellor is lost. */
async function talk(
  world: LeakWorld,
  cast: Cast,
  { home, chat: waiting, ...session }: Open,
): Promise<Open & { lostToken: string }> {
  const { student, firstCounsellor } = cast;
  const desk = await firstCounsellor.online(1);
  const { chatToken: lostToken } = await desk.next('counseling:assigned');
  await home.next('counseling:assigned');
  const counsellor = await firstCounsellor.enter(lostToken, 1);
  done(await counsellor.history());
  const clientId = world.secret('a client id of the counsellor');
  const words = world.secret('said by the counsellor');
  done(await counsellor.say(words, clientId));
  done(await counsellor.say(words, clientId));
  await waiting.next('message');
  done(await waiting.say(world.secret('said by the student')));
  done(await waiting.ask('typing', { on: true }));
  done(await counsellor.ask('typing', { on: true }));
  await counsellor.next('typing');
  await waiting.next('typing');
  for (const side of [student, firstCounsellor]) {
    await side.call('GET', SESSIONS);
    await side.byBackend('GET', SESSIONS);
  }
  await refusals(world, waiting, counsellor);
  await world.look('while both are there');

  waiting.close();
  home.close();
  done(await counsellor.say(world.secret('said to a student who is away')));
  await pushed(world, student);
  await world.look('after the push to the student');
  const back = await student.online(1);
  const again = await back.next('counseling:assigned');
  const chat = await student.enter(again.chatToken, 1);
  done(await chat.history());

  counsellor.close();
  desk.close();
  done(await chat.say(world.secret('said to nobody')));
  await eventually('the student waits again', () => back.all('counseling:queue').length > 0);
  await world.look('after the counsellor was lost');
  return { ...session, chat, home: back, lostToken };
}

/** What is refused, and what fails, is where words get into a log. */
async function refusals(world: LeakWorld, student: ChatSocket, counsellor: ChatSocket): Promise<void> {
  const words = world.secret('said in vain');
  for (const socket of [student, counsellor]) {
    await socket.say(words.repeat(1_000));
    await socket.say('', words);
    await socket.ask('message', { content: words, unknown: words });
    await socket.ask('history', { before: words });
    await socket.ask(words, { content: words });
    socket.socket.emit('message', { content: words, topic: words });
  }
  await student.next('error');
  await counsellor.next('error');
}

/** Another counsellor takes over, reads it all, is away for a moment; then the student ends it. */
async function replace(
  world: LeakWorld,
  cast: Cast,
  { sessionId, chatToken, lostToken, chat, home }: Open & { lostToken: string },
): Promise<void> {
  const { student, firstCounsellor, secondCounsellor, unluckyStudent } = cast;
  const desk = await secondCounsellor.online(0);
  const given = await desk.next('counseling:assigned');
  await firstCounsellor.refused(lostToken, 0);
  await firstCounsellor.call('POST', `${SESSIONS}/${sessionId}/end`);
  const counsellor = await secondCounsellor.enter(given.chatToken, 0);
  const { messages } = done(await counsellor.history());
  const read = JSON.stringify(messages);
  for (const what of ['said while waiting', 'said by the counsellor', 'said to nobody'])
    if (!read.includes(world.secrets.get(what) ?? what)) throw new Error(`not in the history: ${what}`);
  done(await counsellor.say(world.secret('said by the second counsellor')));
  await chat.next('message');
  counsellor.close();
  done(await chat.say(world.secret('said to a counsellor who is away')));
  await pushed(world, secondCounsellor);
  const back = await secondCounsellor.enter(given.chatToken, 1);
  done(await back.history());
  for (const side of [student, secondCounsellor]) {
    await side.call('GET', SESSIONS);
    await side.byBackend('GET', SESSIONS);
  }
  await world.redis.full(async () => {
    const words = world.secret('said to a Redis that is full');
    const { ok } = await chat.say(words, words);
    const { status } = await unluckyStudent.call('POST', '/api/chat/request-session', {
      topic: world.secret('the topic for a Redis that is full'),
    });
    if (ok || status < 500) throw new Error('Redis was not full');
  });
  await world.look('after the second counsellor came');
  done(await chat.ask('end_session', {}));
  await back.next('session_ended');
  await student.refused(chatToken, 0);
  await student.byBackend('POST', `${SESSIONS}/${sessionId}/end`);
  await world.look('after the student ended it');
  home.close();
  desk.close();
}

/** A session that a side ends over HTTP, and a backend once more. @returns its id */
async function endedWithBackend(world: LeakWorld, { otherStudent, secondCounsellor }: Cast): Promise<string> {
  const desk = await secondCounsellor.online(1);
  const { sessionId, chatToken } = await otherStudent.request(world.secret('the topic of another student'));
  const given = await desk.next('counseling:assigned', (one) => one.sessionId === sessionId);
  const [student, counsellor] = [
    await otherStudent.enter(chatToken, 1),
    await secondCounsellor.enter(given.chatToken, 0),
  ];
  done(await student.say(world.secret('said by another student')));
  await counsellor.next('message');
  await otherStudent.byBackend('POST', '/api/chat/request-session');
  await otherStudent.call('POST', `${SESSIONS}/${sessionId}/end`);
  await student.next('session_ended');
  await counsellor.next('session_ended');
  await otherStudent.byBackend('POST', `${SESSIONS}/${sessionId}/end`);
  await otherStudent.byBackend('GET', SESSIONS);
  await world.look('after another student ended theirs');
  desk.close();
  return sessionId;
}

/** The first student asks again, and at some time nobody says anything any more. @returns its id */
async function expire(world: LeakWorld, { student, secondCounsellor }: Cast): Promise<string> {
  const [home, desk] = [await student.online(1), await secondCounsellor.online(0)];
  const { sessionId, chatToken } = await student.request(world.secret('the topic of the second session'));
  const given = await desk.next('counseling:assigned', (one) => one.sessionId === sessionId);
  const [chat, counsellor] = [
    await student.enter(chatToken, 1),
    await secondCounsellor.enter(given.chatToken, 0),
  ];
  done(
    await chat.say(
      world.secret('said in the second session'),
      world.secret('a client id of the second session'),
    ),
  );
  done(await counsellor.say(world.secret('said by the counsellor in the second session')));
  await chat.next('message');
  await secondCounsellor.byBackend('GET', SESSIONS);
  await world.look('in the second session');
  const patience = RETENTION_MS + 10_000;
  await chat.next('session_ended', ({ reason }) => reason === 'expired', patience);
  await counsellor.next('session_ended', ({ reason }) => reason === 'expired', patience);
  for (const side of [student, secondCounsellor]) await side.call('GET', SESSIONS);
  await student.refused(chatToken, 0);
  for (const socket of [home, desk]) socket.close();
  return sessionId;
}

async function pushed(world: LeakWorld, side: Side): Promise<void> {
  await eventually('a push has come', () => world.sandbox.messages(side.device).length > 0);
}

/** Both databases have swept, and nothing is on its way any more; what is left after a while is looked at too. */
async function forgotten(world: LeakWorld): Promise<void> {
  const busy = ({ table }: Row) => table === 'public.anonymous_sessions' || table.endsWith('._private_jobs');
  const looked = async (): Promise<boolean> => {
    const keys = await world.redis.redis.keys('chat:session:*');
    return keys.length === 0 && !(await world.postgres.now()).some(busy);
  };
  await eventually('both databases have forgotten', looked, RETENTION_MS).catch(() => undefined);
  await world.look('at the end');
}
