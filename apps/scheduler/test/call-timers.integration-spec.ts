import { enqueue, uuidV7 } from '@kindline/database';
import { Calls, CallSides, type Carrier, conversationTimers, Programs } from '@kindline/domain';
import { DataSource } from 'typeorm';
import { type Chat, HOUR, MINUTE, SECOND, TimerWorld } from './timer-world';

jest.setTimeout(60_000);

const SDP = 'v=0';

describe('the timers of a call', () => {
  let world: TimerWorld;
  let chat: Chat;

  beforeAll(async () => {
    world = await TimerWorld.start();
  });
  afterAll(() => world.stop());
  beforeEach(async () => {
    await world.clear();
    chat = await conversation();
  });

  const program = () => world.app.get(Programs).get('companion');
  const calls = () => world.app.get(Calls);
  const sides = () => world.app.get(CallSides);
  const carrier = (socketId: string): Carrier => ({
    socketId,
    gatewayId: 'gateway',
    connectedAt: world.clock.now(),
  });
  const from = (side: 'seeker' | 'helper', socketId: string = side) => ({
    conversationId: chat.id,
    personId: chat[side],
    carrier: carrier(socketId),
  });
  const talk = async (): Promise<void> => {
    await calls().offer(from('seeker'), SDP);
    await calls().answer(from('helper'), SDP);
  };

  /** A conversation with calls in which the seeker has just written. */
  async function conversation(): Promise<Chat> {
    const made = {
      id: uuidV7(),
      requestId: '',
      seeker: await world.person('user'),
      helper: await world.person('volunteer'),
    };
    const now = world.clock.now();
    await world.sql.query(
      `INSERT INTO conversations (id, program, status, created_at, last_activity_at) VALUES ($1, 'companion', 'active', $2, $2)`,
      [made.id, now],
    );
    await world.sql.query(
      `INSERT INTO conversation_members (conversation_id, person_id, role, program, joined_at)
      VALUES ($1, $2, 'seeker', 'companion', $4), ($1, $3, 'helper', 'companion', $4)`,
      [made.id, made.seeker, made.helper, now],
    );
    await enqueue(world.app.get(DataSource).manager, ...conversationTimers(program(), made.id, now));
    await world.write(made, 'seeker');
    return made;
  }

  async function call(): Promise<{ status: string; reason: string | null; ended_at: Date | null }> {
    const { rows } = await world.sql.query<{ status: string; reason: string | null; ended_at: Date | null }>(
      `SELECT status, end_reason AS reason, ended_at FROM call_records WHERE conversation_id = $1`,
      [chat.id],
    );
    const [row] = rows;
    if (!row) throw new Error('no call');
    return row;
  }

  it('let it ring for 45 seconds, and no second longer', async () => {
    const offered = world.clock.now().getTime();
    await calls().offer(from('seeker'), SDP);
    expect(await world.pass(45 * SECOND - 1)).toEqual([]);
    expect(await call()).toMatchObject({ status: 'ringing' });
    expect(await world.pass(1)).toEqual(['call.ring']);
    expect(await call()).toEqual({
      status: 'ended',
      reason: 'missed',
      ended_at: new Date(offered + 45 * SECOND),
    });
    expect((await world.told('call', 'call_missed')).map(({ kind, person_id }) => [kind, person_id])).toEqual(
      [
        ['call', chat.helper],
        ['call_missed', chat.helper],
      ],
    );
    expect(await world.announced()).toContainEqual({
      task: 'call.ended',
      payload: { callId: expect.any(String) as unknown },
    });
  });

  it('are gone with an answer, and with the end', async () => {
    await talk();
    expect(await world.pass(HOUR)).toEqual([]);
    await calls().end(from('helper'));
    expect((await world.timers()).map(({ task }) => task)).toEqual(['conversation.silence']);
  });

  it('wait 30 seconds for a peer that vanished, counted from when it did', async () => {
    await talk();
    await sides().gatewayLost('gateway', new Date(world.clock.now().getTime() - 10 * SECOND));
    expect(await world.pass(20 * SECOND - 1)).toEqual([]);
    await world.pass(1);
    expect(await call()).toMatchObject({ status: 'ended', reason: 'lost' });
  });

  it('leave a call alone whose peer came back, and wait anew when it vanishes again', async () => {
    await talk();
    await sides().left(chat.helper, 'helper');
    await world.pass(29 * SECOND);
    await sides().arrived(chat.helper, carrier('back'));
    expect(await world.pass(MINUTE)).toEqual([]);
    expect(await call()).toMatchObject({ status: 'active' });
    await sides().left(chat.helper, 'back');
    await world.pass(30 * SECOND - 1);
    expect(await call()).toMatchObject({ status: 'active' });
    await world.pass(1);
    expect(await call()).toMatchObject({ reason: 'lost' });
  });

  it('end it after four hours, and no second earlier', async () => {
    await talk();
    expect(await world.pass(4 * HOUR - 1)).not.toContain('call.end');
    expect(await call()).toMatchObject({ status: 'active' });
    expect(await world.pass(1)).toContain('call.end');
    expect(await call()).toMatchObject({ status: 'ended', reason: 'too_long' });
    expect(await world.told('call_missed')).toEqual([]);
  });

  it('of its conversation do not end it while a call lasts, and count silence from the end of the call', async () => {
    await world.pass(HOUR);
    await talk();
    await world.pass(4 * HOUR - 1);
    expect(await world.conversation(chat)).toMatchObject({ status: 'active' });
    await calls().end(from('seeker'));
    await world.pass(2 * HOUR - SECOND);
    expect(await world.conversation(chat)).toMatchObject({ status: 'active' });
    await world.pass(SECOND);
    expect(await world.conversation(chat)).toMatchObject({ status: 'ended', end_reason: 'inactivity' });
  });
});
