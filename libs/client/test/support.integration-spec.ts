import { at, eventually } from '../../../apps/chat-gateway/test/kit';
import { ClientWorld } from './client-world';

jest.setTimeout(60_000);

describe('support', () => {
  let clients: ClientWorld;
  beforeAll(async () => {
    clients = await ClientWorld.start();
  });
  afterAll(() => clients.stop());

  it('brings a seeker and an agent into a channel, and shows who is there', async () => {
    const { world } = clients;
    const [alice, bob] = [await world.person('user'), await world.person('agent')];
    const seeker = clients.client(alice);
    await eventually('she is online', () => seeker.connection.get().status === 'online');
    const channel = await seeker.support.open({ subject: 'A transaction', message: 'It failed' });
    expect(channel).toMatchObject({ status: 'open', claimed: false, mine: true, subject: 'A transaction' });
    const own = seeker.support.conversation(channel.id);
    await eventually('her message is there', () => own.get().messages.length === 1);

    const agent = clients.client(bob, 1);
    await eventually('he has it', () =>
      agent.support.channels.get().some(({ id, mine }) => id === channel.id && mine),
    );
    await agent.support.claim(channel.id);
    const theirs = agent.support.conversation(channel.id);
    await eventually('he sees it', () => theirs.get().messages.length === 1);
    expect(theirs.get().unread).toBe(1);
    await eventually('she sees him', () => seeker.support.presence.get().get(bob.sub)?.online);
    theirs.onScreen(true);
    await theirs.send('Which one?');
    await eventually('she has the answer', () => own.get().messages.length === 2);
    await eventually('hers is read', () => at(own.get().messages, 0).state === 'read');
    expect(at(own.get().messages, 1)).toMatchObject({ from: 'other', sender: bob.sub, seq: 2 });

    await own.end();
    await eventually('both see it closed', () => Boolean(own.get().ended && theirs.get().ended));
    await agent.support.reopen(channel.id);
    await eventually('both see it open', () => !own.get().ended && !theirs.get().ended);
    agent.close();
    await eventually(
      'she sees him leave',
      () => seeker.support.presence.get().get(bob.sub)?.online === false,
    );
  });
});
