import { at, eventually } from '../../../apps/chat-gateway/test/kit';
import type { Conversation, Message } from '../src';
import { ClientWorld } from './client-world';

jest.setTimeout(60_000);

const newest = (conversation: Conversation): Message => at(conversation.get().messages, -1);
const loaded = (...conversations: Conversation[]) =>
  eventually('all are loaded', () => conversations.every((one) => !one.get().loading));

describe('what people see of each other', () => {
  let clients: ClientWorld;
  beforeAll(async () => {
    clients = await ClientWorld.start();
  });
  afterAll(() => clients.stop());

  async function both(program: 'better_together' | 'companion' | 'support'): Promise<Conversation[]> {
    if (program === 'better_together') {
      const { user, volunteer, chatId } = await clients.chat();
      return [user, volunteer].map((one, n) => clients.client(one, n).betterTogether.conversation(chatId));
    }
    if (program === 'companion') {
      const { senior, volunteer, conversationId } = await clients.companions();
      return [senior, volunteer].map((one, n) =>
        clients.client(one, n).companion.conversation(conversationId),
      );
    }
    const { seeker, agent, channelId } = await clients.channel();
    return [seeker, agent].map((one, n) => clients.client(one, n).support.conversation(channelId));
  }

  it.each(['better_together', 'companion', 'support'] as const)(
    'in %s: a message is delivered, then read, and typing comes and goes',
    async (program) => {
      const conversations = await both(program);
      const [own, theirs] = [at(conversations, 0), at(conversations, 1)];
      await loaded(own, theirs);
      await own.send('Hello');
      await eventually('it is delivered', () => newest(own).state === 'delivered');
      theirs.typing();
      await eventually('they type', () => own.get().typing.length === 1);
      theirs.onScreen(true);
      await eventually('it is read', () => newest(own).state === 'read');
      await theirs.send('Hello, too');
      await eventually('they do not type any more', () => own.get().typing.length === 0);
      await eventually('theirs is delivered', () => newest(theirs).state === 'delivered');
      own.onScreen(true);
      await eventually('theirs is read', () => newest(theirs).state === 'read');
      expect([own, theirs].map((one) => one.get().unread)).toEqual([0, 0]);
    },
  );

  it.each(['better_together', 'companion'] as const)(
    'in %s: what was read while one was away is shown as read afterwards',
    async (program) => {
      const people = program === 'companion' ? await clients.companions() : await clients.chat();
      const id = 'chatId' in people ? people.chatId : people.conversationId;
      const seeker = clients.client('user' in people ? people.user : people.senior);
      const helper = clients.client(people.volunteer, 1);
      const [own, theirs] = [seeker, helper].map(({ betterTogether, companion }) =>
        (program === 'companion' ? companion : betterTogether).conversation(id),
      ) as [Conversation, Conversation];
      await loaded(own, theirs);
      await own.send('Hello');
      await eventually('it is delivered', () => newest(own).state === 'delivered');
      seeker.close();
      theirs.onScreen(true);
      await eventually('the server knows', async () => {
        const { rows } = await clients.world.sql.query(
          'SELECT FROM message_reads WHERE conversation_id = $1',
          [id],
        );
        return rows.length > 0;
      });
      seeker.connect();
      await eventually('it is read', () => newest(own).state === 'read');
    },
  );

  it('is read as soon as it comes when the conversation was opened before anything was known of it', async () => {
    const { user, volunteer, chatId } = await clients.chat();
    const theirs = clients.client(volunteer, 1).betterTogether.conversation(chatId);
    theirs.onScreen(true);
    const own = clients.client(user).betterTogether.conversation(chatId);
    own.onScreen(true);
    await eventually('both have opened it', () => Boolean(own.get().timer && theirs.get().timer));
    await own.send('Hello');
    await eventually('it is read', () => newest(own).state === 'read');
  });

  it('in companion: an answer quotes what it answers', async () => {
    const conversations = await both('companion');
    const [own, theirs] = [at(conversations, 0), at(conversations, 1)];
    await loaded(own, theirs);
    await own.send('How are you?');
    await eventually('it arrives', () => theirs.get().messages.length === 1);
    const { id, content } = newest(theirs);
    await theirs.send('Well', { replyTo: { id: String(id), content } });
    await eventually('the answer arrives', () => own.get().messages.length === 2);
    expect(newest(own).replyTo).toEqual({ id, content: 'How are you?' });
  });
});
