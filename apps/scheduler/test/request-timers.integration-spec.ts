import { Acceptance, Conversations, Requests } from '@kindline/domain';
import { HOUR, MINUTE, SECOND, TimerWorld } from './timer-world';

jest.setTimeout(60_000);

describe('the timers of a request', () => {
  let world: TimerWorld;

  beforeAll(async () => {
    world = await TimerWorld.start();
  });
  afterAll(() => world.stop());
  beforeEach(() => world.clear());

  const rounds = async (requestId: string): Promise<number[]> => {
    const counts: number[] = [];
    for (const { round } of await world.invitations(requestId))
      counts[round - 1] = (counts[round - 1] ?? 0) + 1;
    return counts;
  };

  it('does nothing one second before a timer is due, and its work at that second', async () => {
    await world.volunteers(20);
    const requestId = await world.request(await world.person('user'));
    expect(await world.pass(10 * MINUTE - SECOND)).toEqual([]);
    expect(await rounds(requestId)).toEqual([15]);
    expect(await world.pass(SECOND)).toEqual(['request.reinvite']);
    expect(await rounds(requestId)).toEqual([15, 5]);
  });

  it('asks 15 others who were not yet asked every 10 minutes, round after round', async () => {
    await world.volunteers(40);
    const requestId = await world.request(await world.person('user'));
    expect(await rounds(requestId)).toEqual([15]);
    await world.pass(10 * MINUTE);
    expect(await rounds(requestId)).toEqual([15, 15]);
    await world.pass(10 * MINUTE);
    expect(await rounds(requestId)).toEqual([15, 15, 10]);
    const invited = await world.invitations(requestId);
    expect(new Set(invited.map(({ helper_id }) => helper_id)).size).toBe(40);
    expect(await world.told('chat_request')).toHaveLength(40);
  });

  it('goes on looking when nobody is left, and asks who becomes available later', async () => {
    const requestId = await world.request(await world.person('user'));
    await world.pass(20 * MINUTE);
    expect(await world.invitations(requestId)).toEqual([]);
    const [late] = await world.volunteers(1);
    await world.pass(10 * MINUTE);
    expect(await world.invitations(requestId)).toEqual([{ helper_id: late, status: 'invited', round: 4 }]);
  });

  it('asks who becomes available at once while nobody is asked, else in the next round', async () => {
    const requestId = await world.request(await world.person('user'));
    const [first, second] = [await world.person('volunteer'), await world.person('volunteer')];
    await world.pass(MINUTE);
    await world.change(first, { available: true });
    await world.pass(0);
    await world.change(second, { available: true });
    await world.pass(10 * MINUTE - SECOND);
    expect(await world.invitations(requestId)).toEqual([{ helper_id: first, status: 'invited', round: 2 }]);
    await world.pass(SECOND);
    expect(await rounds(requestId)).toEqual([undefined, 1, 1]);
    expect((await world.told('chat_request')).map(({ person_id }) => person_id)).toEqual([first, second]);
  });

  it('asks whose chat has ended at once while nobody is asked', async () => {
    const chat = await world.chat();
    await world.sql.query('UPDATE helper_profiles SET capacities = $2 WHERE person_id = $1', [
      chat.helper,
      { better_together: 1 },
    ]);
    const requestId = await world.request(await world.person('user'));
    expect(await world.invitations(requestId)).toEqual([]);
    await world.app.get(Conversations).end(chat.id, 'seeker', 'ended_by_user');
    expect(await world.pass(0)).toEqual(['requests.unasked']);
    expect(await world.invitations(requestId)).toEqual([
      { helper_id: chat.helper, status: 'invited', round: 2 },
    ]);
  });

  it('announces a round that asked somebody, and no empty one but the first', async () => {
    const requestId = await world.request(await world.person('user'));
    await world.pass(10 * MINUTE);
    await world.volunteers(1);
    await world.pass(10 * MINUTE);
    expect(await world.announced()).toEqual([
      { task: 'request.invited', payload: { requestId, round: 1, asked: 0 } },
      { task: 'request.invited', payload: { requestId, round: 3, asked: 1 } },
    ]);
  });

  it('tells every lead once, 30 minutes after the request, and nobody else', async () => {
    await world.volunteers(2);
    const leads = [await world.lead(), await world.lead()];
    await world.request(await world.person('user'));
    await world.pass(30 * MINUTE - SECOND);
    expect(await world.told('unanswered')).toEqual([]);
    await world.pass(SECOND);
    const told = await world.told('unanswered');
    expect(told.map(({ person_id }) => person_id).sort()).toEqual([...leads].sort());
    expect(JSON.stringify(told)).not.toContain('secret worry');
    await world.pass(23 * HOUR);
    expect(await world.told('unanswered')).toHaveLength(2);
  });

  it('tells no lead who is not active any more', async () => {
    await world.sql.query('UPDATE helper_profiles SET active = false WHERE person_id = $1', [
      await world.lead(),
    ]);
    await world.request(await world.person('user'));
    expect(await world.pass(30 * MINUTE)).toContain('request.escalate');
    expect(await world.told('unanswered')).toEqual([]);
  });

  it('expires after 24 hours: invitations withdrawn, news for the gateways, no timer left', async () => {
    await world.volunteers(3);
    const requestId = await world.request(await world.person('user'));
    await world.pass(24 * HOUR - SECOND);
    expect(await world.requestStatus(requestId)).toMatchObject({ status: 'pending' });
    await world.pass(SECOND);
    expect(await world.requestStatus(requestId)).toMatchObject({ status: 'expired' });
    const invited = await world.invitations(requestId);
    expect(invited.map(({ status }) => status)).toEqual(['withdrawn', 'withdrawn', 'withdrawn']);
    expect(await world.announced()).toContainEqual({ task: 'request.closed', payload: { requestId } });
    expect(await world.timers()).toEqual([]);
  });

  it('leaves no timer of the request behind when it is accepted or cancelled', async () => {
    const seeker = await world.person('user');
    await world.request(seeker);
    await world.app.get(Requests).cancel(world.program, seeker);
    expect(await world.timers()).toEqual([]);
    await world.chat();
    expect((await world.timers()).filter(({ task }) => task.startsWith('request.'))).toEqual([]);
  });

  it('does nothing when the request was accepted while the timers were already running', async () => {
    await world.lead();
    const seeker = await world.person('user');
    const [helper = ''] = await world.volunteers(1);
    const requestId = await world.request(seeker);
    const late = await world.timers();
    expect(late.map(({ task }) => task).sort()).toEqual([
      'request.escalate',
      'request.expire',
      'request.reinvite',
    ]);
    await world.app.get(Acceptance).accept(world.program, seeker, helper);
    const announced = await world.announced();
    await world.volunteers(5);
    for (const timer of late) await world.execute(timer);
    expect(await world.requestStatus(requestId)).toEqual({ status: 'accepted', round: 1 });
    expect(await world.invitations(requestId)).toHaveLength(1);
    expect(await world.told('unanswered')).toEqual([]);
    expect(await world.announced()).toEqual(announced);
  });

  it('does nothing twice when the same job runs again', async () => {
    await world.lead();
    await world.volunteers(40);
    const requestId = await world.request(await world.person('user'));
    const [reinvite] = (await world.timers()).filter(({ task }) => task === 'request.reinvite');
    const [escalate] = (await world.timers()).filter(({ task }) => task === 'request.escalate');
    const [expire] = (await world.timers()).filter(({ task }) => task === 'request.expire');
    if (!reinvite || !escalate || !expire) throw new Error('timers are missing');
    await world.execute(reinvite);
    await world.execute(reinvite);
    expect(await rounds(requestId)).toEqual([15, 15]);
    expect((await world.timers()).filter(({ task }) => task === 'request.reinvite')).toHaveLength(1);
    await world.execute(escalate);
    await world.execute(escalate);
    expect(await world.told('unanswered')).toHaveLength(1);
    await world.execute(expire);
    await world.execute(expire);
    const closed = (await world.announced()).filter(({ task }) => task === 'request.closed');
    expect(closed).toHaveLength(1);
  });

  it('ignores timers of a request that does not exist any more', async () => {
    const payload = { requestId: '00000000-0000-7000-8000-000000000000', round: 1 };
    for (const task of ['request.expire', 'request.reinvite', 'request.escalate'])
      await world.execute({ id: '0', task, payload, run_at: world.clock.now() });
    expect(await world.timers()).toEqual([]);
  });
});
