import { at, eventually } from '../../../apps/chat-gateway/test/kit';
import type { Conversation, Message } from '../src';
import { ClientWorld } from './client-world';

jest.setTimeout(60_000);

const texts = (conversation: Conversation): string[] =>
  conversation.get().messages.map(({ from, content }) => `${from}: ${content}`);
const only = (conversation: Conversation): Message => at(conversation.get().messages, 0);

describe('better_together', () => {
  let clients: ClientWorld;
  beforeAll(async () => {
    clients = await ClientWorld.start();
  });
  afterAll(() => clients.stop());

  it('brings a seeker and a volunteer together and ends their chat', async () => {
    const [user, volunteer] = [await clients.world.person('user'), await clients.world.volunteer()];
    const [seeker, helper] = [clients.client(user, 0), clients.client(volunteer, 1)];
    await eventually('both are online', () =>
      [seeker, helper].every(({ connection }) => connection.get().status === 'online'),
    );
    const asked = await seeker.betterTogether.ask('I need someone');
    expect(asked).toMatchObject({ status: 'pending', nobodyThere: false });
    const request = await eventually('the request is shown', () => helper.betterTogether.incoming.get()[0]);
    expect(request).toMatchObject({ seeker: user.email, note: 'I need someone', type: 'chat' });

    const theirs = await helper.betterTogether.accept(request);
    expect(helper.betterTogether.incoming.get()).toEqual([]);
    const { conversationId } = await eventually('it is accepted', () => {
      const now = seeker.betterTogether.request.get();
      return now.status === 'accepted' && now;
    });
    expect(conversationId).toBe(theirs.id);
    const own = seeker.betterTogether.conversation(theirs.id);
    expect(seeker.betterTogether.conversation(theirs.id)).toBe(own);

    const sent = await own.send('Hello');
    expect(sent).toMatchObject({ state: 'sending', from: 'me', content: 'Hello', seq: null });
    await eventually('it arrives', () => theirs.get().messages.length === 1);
    expect(only(theirs)).toMatchObject({ from: 'other', content: 'Hello', seq: 1, state: 'delivered' });
    expect(theirs.get().unread).toBe(1);
    await eventually('it is sent', () => only(own).state !== 'sending');
    expect(only(own)).toMatchObject({ key: sent.key, seq: 1, from: 'me' });

    theirs.onScreen(true);
    own.onScreen(true);
    expect(only(theirs).state).toBe('read');
    expect(theirs.get().unread).toBe(0);
    await theirs.send('I am here', { replyTo: { id: String(only(theirs).id), content: 'Hello' } });
    await eventually('the answer arrives', () => own.get().messages.length === 2);
    expect(at(own.get().messages, 1).replyTo).toMatchObject({ content: 'Hello' });
    await eventually('the timer runs on both sides', () => Boolean(own.get().timer && theirs.get().timer));
    await eventually('both have it in their lists', () =>
      [seeker, helper].every(({ conversations }) => conversations.get()?.[0]?.id === theirs.id),
    );

    const thanks = new Promise((resolve) => helper.betterTogether.onThanks(resolve));
    await own.end();
    await expect(thanks).resolves.toHaveProperty('message');
    await eventually('both see the end', () => Boolean(own.get().ended && theirs.get().ended));
    expect(own.get().ended).toEqual({ by: 'me', reason: 'ended_by_user' });
    expect(theirs.get().ended).toEqual({ by: 'other', reason: 'ended_by_user' });
    expect(seeker.conversations.get()?.[0]?.status).toBe('ended');
    const late = await own.send('too late');
    await eventually('it is refused', () => own.get().messages.some(({ state }) => state === 'failed'));
    expect(at(own.get().messages, -1).error?.code).toBe('conversation_ended');
    await own.discard(late.key);
    expect(texts(own)).toEqual(['me: Hello', 'other: I am here']);
    await seeker.betterTogether.rate(own.id, 5, 'Thank you');
    await expect(seeker.betterTogether.rate(own.id, 5)).rejects.toMatchObject({
      code: 'feedback_already_given',
      status: 409,
    });
  });

  it('notices at the attempt to cancel that a request was cancelled on another device', async () => {
    const user = await clients.world.person('user');
    const [here, there] = [clients.client(user, 0), clients.client(user, 1)];
    await eventually('both are online', () =>
      [here, there].every(({ connection }) => connection.get().status === 'online'),
    );
    for (const { betterTogether } of [here, there]) await betterTogether.ask('I need someone');
    await there.betterTogether.cancel();
    await expect(here.betterTogether.cancel()).rejects.toMatchObject({ code: 'not_found' });
    await eventually('it knows', () => here.betterTogether.request.get().status === 'cancelled');
  });
});
