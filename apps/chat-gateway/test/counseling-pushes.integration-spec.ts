import type { Side } from '@kindline/domain';
import { createTestDatabase, type TestDatabase } from '@kindline/testing';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startNotificationWorker } from '../../notification-worker/src/start';
import { type PushSandbox, startPushSandbox } from '../../push-sandbox/src';
import { ChatRooms } from '../src/counseling/chat-rooms';
import { done } from './companion-kit';
import {
  type ChatSocket,
  counsellor,
  enter,
  requestSession,
  session,
  type Session,
  text,
} from './counseling-kit';
import { at, eventually, type TestPerson, World } from './kit';

interface Push {
  notification: { title: string; body: string };
  data: Record<string, string>;
  android: { priority: string; notification: { channelId: string } };
}

describe('whoever is not in their session while something waits for them there', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kindline-push-'));
  let database: TestDatabase;
  let sandbox: PushSandbox;
  let world: World;
  let own: Session;

  beforeAll(async () => {
    database = await createTestDatabase();
    const caFile = join(folder, 'ca.pem');
    sandbox = await startPushSandbox({ httpPort: 0, tlsPort: 0, caFile });
    world = await World.start(database.url, { gateways: 2 });
    world.stopLater(
      await startNotificationWorker({
        ...world.env,
        FCM_ENDPOINT: sandbox.endpoint,
        FCM_CA_FILE: caFile,
      }),
    );
  }, 60_000);
  beforeEach(async () => {
    own = await session(world, 'A topic nobody else may read');
    await device(own.student);
    await device(own.counsellor.person);
  });
  afterEach(() => own.counsellor.close());
  afterAll(async () => {
    await world.stop();
    await sandbox.close();
    await database.drop();
    rmSync(folder, { recursive: true });
  });

  const device = async ({ sub, token }: TestPerson): Promise<void> => {
    const person = { sub, token, email: '' };
    await world.api('PUT', '/api/push-tokens', person, { token: `device-of-${sub}`, platform: 'android' });
  };
  const pushes = async ({ sub }: TestPerson): Promise<Push[]> => {
    const response = await fetch(`${sandbox.httpUrl}/messages?token=device-of-${sub}`);
    return (await response.json()) as Push[];
  };
  const pushed = (person: TestPerson, times = 1): Promise<Push[]> =>
    eventually(`${times} pushes to ${person.sub}`, async () => {
      const found = await pushes(person);
      return found.length >= times ? found : undefined;
    });
  /** Their socket goes, and nothing was said to it lately. */
  const leaves = async (socket: ChatSocket, side: Side, gateway: number): Promise<void> => {
    socket.close();
    const rooms = at(world.gateways, gateway).app.get(ChatRooms);
    await eventually('the gateway knows', () => !rooms.has(own.sessionId, side));
  };
  /** Nothing is due any more. */
  const settled = (): Promise<boolean> =>
    eventually('no push is due', async () => {
      // Those who were given a session have some seconds to join it; here nobody else will.
      await world.sql.query(`UPDATE anonymous_sessions
        SET seeker_push_due_at = least(seeker_push_due_at, now()), helper_push_due_at = least(helper_push_due_at, now())
        WHERE coalesce(seeker_push_due_at, helper_push_due_at) > now() + interval '2 seconds'`);
      const { rowCount } = await world.sql.query(
        `SELECT FROM anonymous_sessions WHERE seeker_push_due_at IS NOT NULL OR helper_push_due_at IS NOT NULL`,
      );
      return rowCount === 0;
    });

  it('is told once for all that was said, and nothing of it', async () => {
    const [student, helper] = [
      await enter(world, own.studentToken),
      await enter(world, own.counsellorToken, 1),
    ];
    await settled();
    await leaves(student, 'seeker', 0);
    for (let n = 0; n < 5; n++) done(await helper.say('words nobody else may read'));
    await settled();
    const [push] = await pushed(own.student);
    expect(push).toMatchObject({
      notification: { title: 'Someone is here', body: 'Someone is waiting to talk with you' },
      android: { priority: 'high', notification: { channelId: 'msg_ch' } },
    });
    expect(Object.keys(push?.data ?? {}).sort()).toEqual(['channelKey', 'kind', 'notification_id', 'screen']);
    expect(push?.data).toMatchObject({ kind: 'message', screen: 'chat' });
    expect(await pushes(own.student)).toHaveLength(1);
    expect(await pushes(own.counsellor.person)).toEqual([]);
  });

  it('is a counsellor as well, though they are online on their dashboard', async () => {
    const [student, helper] = [
      await enter(world, own.studentToken),
      await enter(world, own.counsellorToken, 1),
    ];
    await settled();
    await leaves(helper, 'helper', 1);
    done(await student.say('Are you there?'));
    const [push] = await pushed(own.counsellor.person);
    expect(push?.android.notification.channelId).toBe('volmsg_ch');
  });

  it('is told that somebody has come, unless they come as well', async () => {
    own.counsellor.close();
    const [present, absent] = [await world.person('student'), await world.person('student')];
    await device(present);
    await device(absent);
    const { body } = await requestSession(world, present);
    await enter(world, text(body, 'chatToken'));
    await requestSession(world, absent);
    const late = await counsellor(world);
    await eventually('both are given', () => late.all('counseling:assigned').length === 2);
    await pushed(absent);
    await settled();
    expect(await pushes(present)).toEqual([]);
    late.close();
  });

  it('is not told while they are there', async () => {
    const [student, helper] = [
      await enter(world, own.studentToken),
      await enter(world, own.counsellorToken, 1),
    ];
    for (let n = 0; n < 3; n++) {
      done(await student.say('here'));
      done(await helper.say('here, too'));
    }
    await settled();
    expect([await pushes(own.student), await pushes(own.counsellor.person)]).toEqual([[], []]);
  });

  it('is told when they fell silent without a goodbye, of what may not have reached them', async () => {
    const [student, helper] = [
      await enter(world, own.studentToken),
      await enter(world, own.counsellorToken, 1),
    ];
    await settled();
    done(await helper.say('the last one'));
    await student.next('message');
    // A connection that breaks right after.
    student.socket.io.engine.close();
    await pushed(own.student);
  });
});
