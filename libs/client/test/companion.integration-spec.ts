import { eventually } from '../../../apps/chat-gateway/test/kit';
import { ClientWorld } from './client-world';

jest.setTimeout(60_000);

describe('companion', () => {
  let clients: ClientWorld;
  beforeAll(async () => {
    clients = await ClientWorld.start();
  });
  afterAll(() => clients.stop());

  it('shows a request to every volunteer until one accepts it, and carries the conversation', async () => {
    const { world } = clients;
    const [senior, one, two] = [
      await world.person('senior'),
      await world.person('volunteer'),
      await world.person('volunteer'),
    ];
    const [seeker, helper, other] = [clients.client(senior), clients.client(one, 1), clients.client(two)];
    await eventually('all are online', () =>
      [seeker, helper, other].every(({ connection }) => connection.get().status === 'online'),
    );
    expect(seeker.me.get()).toMatchObject({ sub: senior.sub, roles: ['senior'] });
    const asked = await seeker.companion.ask('voice', 'a little company');
    expect(asked.status).toBe('pending');
    await expect(seeker.companion.ask('chat')).resolves.toMatchObject({ requestId: asked.requestId });
    const request = await eventually('it is shown', () => helper.companion.incoming.get()[0]);
    await eventually('to the other one, too', () => other.companion.incoming.get()[0]);
    expect(request).toMatchObject({ seeker: senior.sub, type: 'voice', note: 'a little company' });

    const theirs = await helper.companion.accept(request);
    await eventually('it vanishes', () => other.companion.incoming.get().length === 0);
    await eventually('it is accepted', () => seeker.companion.request.get().status === 'accepted');
    expect(seeker.companion.request.get().conversationId).toBe(theirs.id);

    const own = seeker.companion.conversation(theirs.id);
    const count = 20;
    await Promise.all(Array.from({ length: count }, (_, n) => own.send(`message ${n}`)));
    await eventually('all arrive', () => theirs.get().messages.length === count);
    expect(theirs.get().messages.map(({ content }) => content)).toEqual(
      Array.from({ length: count }, (_, n) => `message ${n}`),
    );
    expect(helper.conversations.get()?.find(({ id }) => id === theirs.id)?.unread).toBe(count);
    theirs.onScreen(true);
    await eventually('all are read', () => own.get().messages.every(({ state }) => state === 'read'));
    expect(helper.conversations.get()?.find(({ id }) => id === theirs.id)?.unread).toBe(0);

    await theirs.send('I am here');
    await eventually('the answer arrives', () => own.get().messages.length === count + 1);

    const elsewhere = clients.client(senior, 1).companion.conversation(own.id);
    await eventually('another device has it all', () => elsewhere.get().messages.length === count + 1);
    expect(
      elsewhere.get().messages.map(({ id, seq, from, content }) => ({ id, seq, from, content })),
    ).toEqual(own.get().messages.map(({ id, seq, from, content }) => ({ id, seq, from, content })));
    await own.end();
    await eventually('both see the end', () => theirs.get().ended !== null);
    expect(theirs.get().ended).toEqual({ by: 'other', reason: 'ended_by_user' });
    await eventually('on the other device, too', () => elsewhere.get().ended !== null);
    expect(elsewhere.get().ended).toEqual({ by: 'me', reason: 'ended_by_user' });
  });

  it('says why a conversation of others stays empty', async () => {
    const { conversationId } = await clients.companions();
    const stranger = clients.client(await clients.world.person('volunteer'));
    const theirs = stranger.companion.conversation(conversationId);
    await eventually('it is refused', () => theirs.get().error !== null);
    expect(theirs.get()).toMatchObject({ messages: [], loading: false, error: { code: 'forbidden' } });
  });
});
