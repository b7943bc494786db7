import type { BetterTogether, IncomingRequest, SeekerRequest } from '../api';
import type { SessionView } from '@kindline/contracts';
import { KindlineClientError } from '../client-error';
import type { Connection } from '../connection/connection';
import { Refresh } from '../connection/refresh';
import type { Conversations } from '../conversations/conversations';
import type { Http } from '../http/http';
import { IncomingRequests } from '../requests/incoming-requests';
import { NO_REQUEST, OwnRequest } from '../requests/own-request';
import type { Shelf } from '../storage/storage';
import { betterTogetherDialect, hearBetterTogether } from './dialect';
import { emailOf } from './email-of';

const PROGRAM = 'better_together';

export function createBetterTogether(
  connection: Connection,
  http: Http,
  shelf: Shelf,
  conversations: Conversations,
): BetterTogether {
  const dialect = betterTogetherDialect(connection, http);
  conversations.add(dialect);
  hearBetterTogether(connection, conversations);
  const own = new OwnRequest();
  const incoming = new IncomingRequests(connection);
  const email = (): string => emailOf(connection.me.get());
  const shelfKey = (): string => `request:${encodeURIComponent(connection.me.get()?.sub ?? '')}`;

  async function pending(requestId: string, more: Partial<SeekerRequest>): Promise<SeekerRequest> {
    const since = new Date().toISOString();
    own.now({ ...NO_REQUEST, since, ...more, status: 'pending', requestId });
    await shelf.set(shelfKey(), requestId);
    refresh.ask();
    return own.store.get();
  }

  /** What happened meanwhile to the request that this device has made. */
  const refresh: Refresh = new Refresh(connection, async () => {
    const requestId = (await shelf.get(shelfKey())) ?? own.store.get().requestId;
    if (requestId === null) return;
    const before = own.store.get();
    const session = await http.request<SessionView>('GET', `/sessions/${requestId}`);
    // What was heard meanwhile may be newer.
    if (own.store.get() !== before) return refresh.ask();
    own.now({
      ...NO_REQUEST,
      requestId,
      since: session.request_time,
      conversationId: session.chat_id,
      status: statusOf(session),
      nobodyThere: own.store.get().nobodyThere && session.status === 'pending',
    });
  });

  connection.on('no_availability', () => {
    if (own.store.get().status === 'pending') own.change({ nobodyThere: true });
  });
  connection.on('chat_started', ({ user_email, chat_id }) => {
    if (user_email !== null && user_email === connection.me.get()?.email) own.accepted(chat_id);
    else incoming.drop(({ seeker }) => seeker === user_email);
  });
  connection.on('chat_request', ({ user_email, i_need_message, session_id }) =>
    incoming.show({
      ...{ program: PROGRAM, requestId: session_id, type: 'chat' },
      ...{ seeker: user_email ?? '', note: i_need_message },
    }),
  );
  connection.on('cancel_chat_request', ({ session_id }) =>
    incoming.drop(({ requestId }) => requestId === session_id),
  );

  return {
    request: own.store,
    incoming: incoming.store,
    ask: async (message) => {
      const body = { user_email: email(), i_need_message: message, conversation_type: PROGRAM };
      try {
        const answer = await http.request<{ session_id: string; volunteers_notified: number }>(
          'POST',
          '/start_chat_session',
          body,
        );
        return await pending(answer.session_id, { nobodyThere: answer.volunteers_notified === 0 });
      } catch (thrown) {
        const { code, details } = KindlineClientError.of(thrown);
        if (code !== 'request_already_pending') throw thrown;
        return pending(String(details['session_id']), {});
      }
    },
    cancel: async () => {
      try {
        await http.request('POST', '/cancel_chat_request', { user_email: email() });
      } catch (thrown) {
        // It may be over: accepted, expired, or cancelled on another device, which seekers are not told.
        refresh.ask();
        throw thrown;
      }
      own.change({ status: 'cancelled', nobodyThere: false });
    },
    accept: async (request: IncomingRequest) => {
      const body = { volunteer_email: email(), user_email: request.seeker };
      const { chat_id } = await incoming.answered(request, () =>
        http.request<{ chat_id: string }>('POST', '/accept_chat_request', body),
      );
      return conversations.get(dialect, chat_id);
    },
    conversation: (id) => conversations.get(dialect, id),
    rate: (id, rating, comment) =>
      http.request('POST', `/api/conversations/${id}/feedback`, { rating, ...(comment && { comment }) }),
    onThanks: (listener) => connection.on('thank_you_volunteer', listener),
    onDashboard: (listener) => connection.on('refresh_vol_dash', listener),
  };
}

function statusOf({ status, chat_id }: SessionView): SeekerRequest['status'] {
  if (status === 'pending') return 'pending';
  if (chat_id !== null) return 'accepted';
  return status === 'dozy' ? 'expired' : 'cancelled';
}
