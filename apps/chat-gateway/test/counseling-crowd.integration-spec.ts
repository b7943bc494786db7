import {
  type Build,
  buildServices,
  createTestDatabase,
  type ServiceProcess,
  startServiceProcess,
  type TestDatabase,
} from '@kindline/testing';
import { setTimeout as pause } from 'node:timers/promises';
import { done } from './companion-kit';
import { ChatSocket, counselingFile, endSession, requestSession, text } from './counseling-kit';
import { at, eventually, type TestPerson, TestSocket, World } from './kit';

jest.setTimeout(180_000);

const STUDENTS = 100;
const COUNSELLORS = 10;
const CAPACITY = 3;
const SEED = 20_261_121;

/** Mulberry32: the same crowd in every run. */
function randomness(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Answers every student they are given, wherever they are; may go away and come back. */
class Counsellor {
  private socket: TestSocket | undefined;
  private readonly chats = new Map<string, ChatSocket>();

  constructor(
    readonly person: TestPerson,
    private readonly port: number,
  ) {}

  async come(): Promise<void> {
    const socket = await TestSocket.connect(this.port, this.person);
    this.socket = socket;
    socket.socket.on(
      'counseling:assigned',
      ({ sessionId, chatToken }: { sessionId: string; chatToken: string }) => {
        void this.sit(sessionId, chatToken);
      },
    );
    for (const { sessionId, chatToken } of socket.all('counseling:assigned'))
      void this.sit(sessionId, chatToken);
  }

  go(): void {
    this.socket?.close();
    for (const chat of this.chats.values()) chat.close();
    this.chats.clear();
  }

  private async sit(sessionId: string, token: string): Promise<void> {
    if (this.chats.get(sessionId)?.socket.connected) return;
    try {
      const chat = await ChatSocket.connect(this.port, token);
      this.chats.set(sessionId, chat);
      chat.socket.on('message', () => void chat.say('I am here').catch(() => undefined));
      await chat.say('I am here');
    } catch {
      // It has ended meanwhile, or its gateway was killed: who waits for an answer shows whether that was right.
    }
  }
}

describe(`${STUDENTS} students and ${COUNSELLORS} counsellors who come and go`, () => {
  let compiled: Build;
  let database: TestDatabase;
  let world: World;
  let victim: ServiceProcess;
  const random = randomness(SEED);

  beforeAll(async () => {
    compiled = buildServices();
    database = await createTestDatabase();
    const more = { PROGRAMS_FILE: counselingFile({ capacity: CAPACITY, lostAfter: '1s' }) };
    world = await World.start(database.url, { apis: 2, gateways: 2, more });
    victim = world.stopLater(await startServiceProcess(compiled, 'chat-gateway', world.env));
    // What must hold at every single change is looked at in its own transaction.
    await world.sql.query(`CREATE TABLE given (session_id uuid, helper_id uuid, load int, passed_over int)`);
    await world.sql.query(`CREATE FUNCTION note_given() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      INSERT INTO given SELECT NEW.id, NEW.helper_id,
        (SELECT count(*) FROM anonymous_sessions s WHERE s.helper_id = NEW.helper_id AND s.status = 'active'),
        (SELECT count(*) FROM anonymous_sessions s WHERE s.status = 'queued'
          AND (NOT s.returned, s.created_at, s.id) < (NOT NEW.returned, NEW.created_at, NEW.id));
      RETURN NULL; END $$`);
    await world.sql.query(`CREATE TRIGGER note_given AFTER UPDATE ON anonymous_sessions FOR EACH ROW
      WHEN (OLD.status = 'queued' AND NEW.status = 'active') EXECUTE FUNCTION note_given()`);
  });
  afterAll(async () => {
    await world.stop();
    await database.drop();
    compiled.remove();
  });

  /** Comes, asks, talks until a counsellor has answered, and ends it; some stay until a gateway has died. */
  async function visit(killed: Promise<void> | undefined): Promise<string> {
    const [replica, gateway] = [Math.floor(random() * 2), Math.floor(random() * 2)];
    const [byHttp, stay] = [random() < 0.5, random() * 300];
    const person = await world.person('student');
    const socket = await world.connect(person, gateway);
    const { body } = await requestSession(world, person, undefined, replica);
    const sessionId = text(body, 'sessionId');
    const chat = await ChatSocket.connect(at(world.gateways, gateway).port, text(body, 'chatToken'));
    const answered = async (): Promise<void> => {
      const before = chat.texts.length;
      done(await chat.say('Is somebody there?'));
      await eventually(`${sessionId} is answered`, () => chat.texts.length > before, 60_000);
    };
    await answered();
    if (killed) {
      await killed;
      await answered();
    }
    await pause(stay);
    if (byHttp) expect(await endSession(world, person, sessionId)).toMatchObject({ status: 200 });
    else done(await chat.ask('end_session', {}));
    await chat.next('session_ended');
    socket.close();
    return sessionId;
  }

  it('are all served in order, nobody by somebody without room, though a gateway dies', async () => {
    const counsellors = await Promise.all(
      Array.from({ length: COUNSELLORS }, async (_, n) => {
        const port = n < 2 ? victim.port : at(world.gateways, n % 2).port;
        return new Counsellor(await world.person('counselor'), port);
      }),
    );
    await Promise.all(counsellors.map((one) => one.come()));
    let tellKilled: () => void = () => undefined;
    const killed = new Promise<void>((resolve) => (tellKilled = resolve));

    const visits = Array.from({ length: STUDENTS }, async (_, n) => {
      await pause(random() * 3_000);
      // Most stay until then, so that all counsellors are busy, those of the gateway that dies among them.
      return visit(n % 3 === 0 ? undefined : killed);
    });
    const restless = counsellors.slice(-3).map(async (one) => {
      for (let turn = 0; turn < 4; turn++) {
        await pause(500 + random() * 2_000);
        one.go();
        await pause(random() * 2_500);
        await one.come();
      }
    });
    const dies = (async () => {
      await eventually(
        'everybody is busy and others wait',
        async () => {
          const { rows } = await world.sql.query<{ status: string; n: number }>(
            `SELECT status, count(*)::int AS n FROM anonymous_sessions WHERE status <> 'ended' GROUP BY status`,
          );
          const count = new Map(rows.map(({ status, n }) => [status, n]));
          // Of the restless ones somebody may be away just now.
          return (count.get('active') ?? 0) >= (COUNSELLORS - 3) * CAPACITY && (count.get('queued') ?? 0) > 5;
        },
        30_000,
      );
      await victim.kill();
      tellKilled();
    })();

    const served = await Promise.all(visits);
    await Promise.all([...restless, dies]);
    expect(new Set(served).size).toBe(STUDENTS);

    const { rows: given } = await world.sql.query<{ session_id: string; load: number; passed_over: number }>(
      'SELECT session_id, load, passed_over FROM given',
    );
    expect(new Set(given.map(({ session_id }) => session_id))).toEqual(new Set(served));
    // Some were given a second time, because their counsellor was lost.
    expect(given.length).toBeGreaterThan(STUDENTS);
    expect(Math.max(...given.map(({ load }) => load))).toBe(CAPACITY);
    expect(given.filter(({ passed_over }) => passed_over > 0)).toEqual([]);
    const { rows: left } = await world.sql.query(`SELECT FROM anonymous_sessions WHERE status <> 'ended'`);
    expect(left).toEqual([]);
    for (const one of counsellors.slice(2)) one.go();
  });
});
