import type { ChatSummary, RequestedSession } from '@kindline/contracts';
import type { AnonymousChat, Counseling, CounselingSession } from '../api';
import { KindlineClientError } from '../client-error';
import type { Connection } from '../connection/connection';
import type { Http } from '../http/http';
import { SessionChat } from './anonymous-chat';
import { OpenSessions } from './open-sessions';

/** Both sides of anonymous counselling. */
export function createCounseling(connection: Connection, http: Http): Counseling {
  const chats = new Map<string, SessionChat>();
  const sessions = new OpenSessions(connection, http, (end) => chats.get(end.sessionId)?.ended(end));

  return {
    sessions: sessions.list,
    async ask(topic): Promise<CounselingSession> {
      const { sessionId } = await http.request<RequestedSession>('POST', '/api/chat/request-session', {
        ...(topic !== undefined && { topic }),
      });
      await sessions.load();
      const session = sessions.find(sessionId);
      if (!session) throw new KindlineClientError('conversation_ended', 'It has ended already');
      return session;
    },
    chat(sessionId): AnonymousChat {
      const known = chats.get(sessionId);
      // A counsellor who was replaced may get it again, under another name.
      if (known && !(known.isOver && sessions.find(sessionId))) return known;
      known?.leave();
      const chat = new SessionChat(connection, http, sessions, sessionId, () => chats.delete(sessionId));
      chats.set(sessionId, chat);
      return chat;
    },
    async summary(sessionId) {
      const { summary, message_count, generated_by } = await http.request<ChatSummary>(
        'GET',
        `/api/chat/sessions/${sessionId}/summary`,
      );
      return { summary, messageCount: message_count, generatedBy: generated_by };
    },
  };
}
