import type { Ending, Me } from '../api';
import type { SessionView } from '@kindline/contracts';
import type { Connection } from '../connection/connection';
import type { Conversations } from '../conversations/conversations';
import { type Dialect, quoted } from '../conversations/dialect';
import type { Http } from '../http/http';
import { emailOf } from './email-of';

/** A session's length where `start_timer` was not heard; what operators leave it at. */
const USUAL_MINUTES = 40;

const SIDES = { user: 'seeker', volunteer: 'helper' } as const;

/** better_together's conversations. */
export function betterTogetherDialect(connection: Connection, http: Http): Dialect {
  return {
    program: 'better_together',
    saysOpened: true,
    twoPeople: true,
    messagesPath: (id) => `/api/conversations/${id}/messages`,
    standing: async (id, me) => {
      const [session, { unread }] = await Promise.all([
        http.request<SessionView>('GET', `/sessions/${id}`),
        http.request<{ unread: number }>('GET', `/api/conversations/${id}`),
      ]);
      const side = session.user !== null && session.user === me.email ? 'seeker' : 'helper';
      const { start_time: startedAt } = session;
      return {
        side,
        unread,
        ended: endingOf(session, side),
        ...(startedAt && { timer: { startedAt, minutes: USUAL_MINUTES } }),
      };
    },
    send: async ({ conversationId, content, replyTo, clientId }, me) => {
      const { id, seq, timestamp } = await connection.request('chat_message', {
        chat_id: conversationId,
        sender_mail: emailOf(me),
        message: content,
        client_id: clientId,
        ...(replyTo && { reply_message: { ...replyTo } }),
      });
      return { id, seq, at: timestamp };
    },
    read: (id, _seq, side) =>
      connection.request(side === 'seeker' ? 'update_last_opened_user' : 'update_last_opened_volunteer', {
        chat_id: id,
      }),
    typing: (id, on) => connection.emit('chat_typing', { chat_id: id, on }),
    end: (id, me) => connection.request('chat_ended', { chat_id: id, email: emailOf(me) }),
  };
}

function endingOf(session: SessionView, side: 'seeker' | 'helper'): Ending | null {
  if (session.status !== 'ended') return null;
  const { ended_by_user, ended_by_vol } = session;
  if (!ended_by_user && !ended_by_vol) return { by: 'system', reason: 'inactivity' };
  const mine = ended_by_user === (side === 'seeker');
  return { by: mine ? 'me' : 'other', reason: ended_by_user ? 'ended_by_user' : 'ended_by_volunteer' };
}

/** Brings what is heard of them to them. */
export function hearBetterTogether(connection: Connection, conversations: Conversations): void {
  const mine = (address: string | null, me: Me | null): boolean => address !== null && address === me?.email;
  connection.on('chat_message', ({ id, seq, sender_mail, chat_id, message, timestamp, reply_message }) => {
    const me = connection.me.get();
    const own = mine(sender_mail, me);
    conversations.message(chat_id, {
      ...{ id, seq, content: message, type: 'text', replyTo: quoted(reply_message), at: timestamp },
      from: own ? 'me' : 'other',
      sender: own && me ? me.sub : (conversations.summaries.otherIn(chat_id, me) ?? sender_mail),
    });
  });
  connection.on('chat_read', ({ chat_id, seq, by }) => conversations.read(chat_id, seq, SIDES[by]));
  connection.on('chat_typing', ({ chat_id, by, on }) => conversations.typing(chat_id, by, on, SIDES[by]));
  connection.on('chat_ended', ({ chat_id, ended_by, reason }) =>
    conversations.ended(chat_id, ended_by === 'system' ? ended_by : SIDES[ended_by], reason),
  );
  connection.on('start_timer', ({ chat_id, started_at, minutes }) =>
    conversations.timer(chat_id, { startedAt: started_at, minutes }),
  );
  connection.on('chat_started', ({ chat_id }) => conversations.changed(chat_id));
}
