import { Acceptance, Programs, Requests } from '@kindline/domain';
import { HOUR, MINUTE, SECOND, TimerWorld } from './timer-world';

jest.setTimeout(60_000);

describe('the timers of the companion program', () => {
  let world: TimerWorld;

  beforeAll(async () => {
    world = await TimerWorld.start();
  });
  afterAll(() => world.stop());
  beforeEach(() => world.clear());

  const program = () => world.app.get(Programs).get('companion');
  const ask = async (seeker: string, online = 1): Promise<string> => {
    const request = { type: 'chat', note: 'company', online };
    return (await world.app.get(Requests).start(program(), seeker, request)).requestId;
  };
  const chat = async () => {
    const [seeker, helper] = [await world.person('user'), await world.person('volunteer')];
    const requestId = await ask(seeker);
    const id = await world.app.get(Acceptance).accept(program(), seeker, helper);
    return { id, requestId, seeker, helper };
  };

  it('expires a request after 5 minutes, not a second sooner, and announces it', async () => {
    const requestId = await ask(await world.person('user'), 0);
    expect(await world.announced()).toEqual([
      { task: 'request.invited', payload: { requestId, round: 1, asked: 0 } },
    ]);
    expect(await world.pass(5 * MINUTE - SECOND)).toEqual([]);
    expect(await world.requestStatus(requestId)).toEqual({ status: 'pending', round: 1 });
    expect(await world.pass(SECOND)).toEqual(['request.expire']);
    expect(await world.requestStatus(requestId)).toEqual({ status: 'expired', round: 1 });
    expect((await world.announced()).at(-1)).toEqual({ task: 'request.closed', payload: { requestId } });
    expect(await world.timers()).toEqual([]);
  });

  it('stores no invitations, and does not expire what was accepted', async () => {
    const { requestId } = await chat();
    expect(await world.invitations(requestId)).toEqual([]);
    await world.pass(10 * MINUTE);
    expect(await world.requestStatus(requestId)).toMatchObject({ status: 'accepted' });
  });

  it('ends a conversation after 2 hours of silence, counted from its beginning', async () => {
    const talk = await chat();
    await world.pass(2 * HOUR - SECOND);
    expect(await world.conversation(talk)).toMatchObject({ status: 'active' });
    expect(await world.pass(SECOND)).toEqual(['conversation.silence']);
    expect(await world.conversation(talk)).toEqual({
      status: 'ended',
      ended_by: 'system',
      end_reason: 'inactivity',
    });
  });

  it('counts the silence from the last message, and neither reminds nor warns', async () => {
    const talk = await chat();
    await world.pass(HOUR);
    await world.write(talk, 'helper');
    await world.pass(2 * HOUR - SECOND);
    expect(await world.conversation(talk)).toMatchObject({ status: 'active' });
    await world.pass(SECOND);
    expect(await world.conversation(talk)).toMatchObject({ status: 'ended', end_reason: 'inactivity' });
    expect(await world.told('reminder', 'follow_up_1', 'follow_up_2', 'expiry_warning')).toEqual([]);
  });
});
