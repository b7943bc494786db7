import type { Connection } from '../connection/connection';
import type { Conversations } from '../conversations/conversations';
import { type Dialect, quoted } from '../conversations/dialect';
import type { Http } from '../http/http';

/** The part of a conversation over HTTP that tells how it stands. */
interface ConversationView {
  status: 'active' | 'ended';
  members: { sub: string; role: 'seeker' | 'helper' }[];
  unread: number;
}

/** Companions' conversations. */
export function companionDialect(connection: Connection, http: Http): Dialect {
  return {
    program: 'companion',
    saysOpened: false,
    twoPeople: true,
    messagesPath: (id) => `/api/conversations/${id}/messages`,
    standing: async (id, me) => {
      const view = await http.request<ConversationView>('GET', `/api/conversations/${id}`);
      const side = view.members.find(({ sub }) => sub === me.sub)?.role ?? null;
      // Who has ended it is only told while it happens.
      const ended = view.status === 'ended' ? ({ by: 'system', reason: 'ended' } as const) : null;
      return { side, ended, unread: view.unread };
    },
    send: async ({ conversationId, content, replyTo, clientId }, me) => {
      const { id, seq, created_at } = await connection.request('message:send', {
        ...{ conversationId, content, clientId, senderId: me.sub },
        ...(replyTo && { replyTo: { ...replyTo } }),
      });
      return { id, seq, at: created_at };
    },
    read: (id, seq) => connection.request('message:read', { conversationId: id, seq }),
    typing: (id, on) => connection.emit('message:typing', { conversationId: id, on }),
    end: (id, me) => connection.request('chat:end', { conversationId: id, userId: me.sub }),
  };
}

/** Brings what is heard of them to them. */
export function hearCompanion(connection: Connection, conversations: Conversations): void {
  connection.on('message:new', (message) => {
    const { id, seq, conversation_id, sender_id, content, type, created_at: at } = message;
    const from = type === 'system' ? type : sender_id === connection.me.get()?.sub ? 'me' : 'other';
    conversations.message(conversation_id, {
      ...{ id, seq, from, content, type, at, sender: from === 'system' ? null : sender_id },
      replyTo: 'reply_to' in message ? quoted(message.reply_to) : null,
    });
  });
  connection.on('message:read', ({ conversationId, seq, by }) =>
    conversations.read(conversationId, seq, conversations.who(by)),
  );
  connection.on('message:typing', ({ conversationId, by, on }) =>
    conversations.typing(conversationId, by, on, conversations.who(by)),
  );
  connection.on('chat:ended', ({ conversationId, endedBy, reason }) =>
    conversations.ended(conversationId, endedBy === 'system' ? endedBy : conversations.who(endedBy), reason),
  );
  connection.on('session:started', ({ conversationId }) => conversations.changed(conversationId));
}
