import type { Connection } from '../connection/connection';
import type { Conversations } from '../conversations/conversations';
import type { Dialect } from '../conversations/dialect';

/** Conversations in support channels. */
export function supportDialect(connection: Connection): Dialect {
  return {
    program: 'support',
    saysOpened: false,
    twoPeople: false,
    messagesPath: (id) => `/api/chat/channels/${id}/messages`,
    standing: async (id, me) => {
      const { channel } = await connection.request('channel:join', { channelId: id });
      const upTo = (mine: boolean): number =>
        Math.max(0, ...channel.read_by.filter(({ sub }) => (sub === me.sub) === mine).map(({ seq }) => seq));
      return {
        side: channel.members.find(({ sub }) => sub === me.sub)?.role ?? null,
        // Who has closed it is not said.
        ended: channel.status === 'closed' ? { by: 'system', reason: 'closed' } : null,
        unread: 0,
        readByMe: upTo(true),
        readByOther: upTo(false),
      };
    },
    send: async ({ conversationId, content, clientId }) => {
      const payload = { channelId: conversationId, content, clientId };
      const { id, seq, createdAt } = await connection.request('channel:message', payload);
      return { id, seq, at: createdAt };
    },
    read: (id, seq) => connection.request('channel:read', { channelId: id, seq }),
    typing: (id, on) => connection.emit('channel:typing', { channelId: id, on }),
    end: () => Promise.resolve(),
  };
}

/** Brings what is heard of them to them. */
export function hearSupport(connection: Connection, conversations: Conversations): void {
  connection.on('channel:message', ({ id, channelId, seq, senderId, content, createdAt }) =>
    conversations.message(channelId, {
      ...{ id, seq, content, type: 'text', replyTo: null, at: createdAt, sender: senderId },
      from: conversations.who(senderId) === 'me' ? 'me' : 'other',
    }),
  );
  connection.on('channel:read', ({ channelId, seq, by }) =>
    conversations.read(channelId, seq, conversations.who(by)),
  );
  connection.on('channel:typing', ({ channelId, by, on }) =>
    conversations.typing(channelId, by, on, conversations.who(by)),
  );
  connection.on('channel:updated', ({ channel }) => conversations.changed(channel.id));
}
