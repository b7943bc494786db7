import type { Calls, Companion, SeekerRequest } from '../api';
import { KindlineClientError } from '../client-error';
import type { Connection } from '../connection/connection';
import { Refresh } from '../connection/refresh';
import type { Conversations } from '../conversations/conversations';
import type { HeardOf } from '../events';
import type { Http } from '../http/http';
import { IncomingRequests } from '../requests/incoming-requests';
import { NO_REQUEST, OwnRequest } from '../requests/own-request';
import { companionDialect, hearCompanion } from './dialect';

export function createCompanion(
  connection: Connection,
  http: Http,
  conversations: Conversations,
  calls: Calls,
): Companion {
  const dialect = companionDialect(connection, http);
  conversations.add(dialect);
  hearCompanion(connection, conversations);
  const own = new OwnRequest();
  const incoming = new IncomingRequests(connection);
  const mySub = (): string => {
    const me = connection.me.get();
    if (!me) throw new KindlineClientError('unauthenticated', 'Not connected yet');
    return me.sub;
  };
  const isSeeker = (): boolean =>
    connection.me.get()?.roles.some((role) => ['senior', 'user', 'student'].includes(role)) ?? false;

  function known({ status, requestId, conversationId }: HeardOf<'request:status:response'>): void {
    const before = own.store.get();
    const same = before.requestId === (requestId ?? null);
    own.now({
      status,
      requestId: requestId ?? null,
      conversationId: conversationId ?? null,
      nobodyThere: same && before.nobodyThere && status === 'pending',
      since: same ? before.since : null,
    });
  }

  function pending(requestId: string, nobodyThere: boolean): SeekerRequest {
    const since = new Date().toISOString();
    own.now({ ...NO_REQUEST, status: 'pending', requestId, nobodyThere, since });
    // It may have been accepted before this answer came.
    refresh.ask();
    return own.store.get();
  }

  const refresh = new Refresh(connection, async () => {
    if (isSeeker()) known(await connection.request('request:status', { seniorId: mySub() }));
  });
  connection.on('request:status:response', known);
  connection.on('seeker:queued', () => {
    if (own.store.get().status === 'pending') own.change({ nobodyThere: true });
  });
  connection.on('session:started', ({ conversationId, seniorId }) => {
    if (seniorId === connection.me.get()?.sub) own.accepted(conversationId);
    else incoming.drop(({ seeker }) => seeker === seniorId);
  });
  connection.on('request:claimed', ({ seniorId }) => incoming.drop(({ seeker }) => seeker === seniorId));
  connection.on('request:cancelled', (request) => {
    if ('seniorId' in request) incoming.drop(({ seeker }) => seeker === request.seniorId);
    // An older request's end may be told late.
    else if (own.store.get().status === 'pending') refresh.ask();
  });
  connection.on('seeker:incoming', ({ seniorId, requestType, note, requestId }) =>
    incoming.show({ program: 'companion', requestId, seeker: seniorId, type: requestType, note }),
  );

  return {
    request: own.store,
    incoming: incoming.store,
    calls,
    ask: async (requestType, note) => {
      const request = { seniorId: mySub(), requestType, ...(note && { note }) };
      try {
        const { requestId, notified } = await connection.request('seeker:request', request);
        return pending(requestId, notified === 0);
      } catch (thrown) {
        const { code, details } = KindlineClientError.of(thrown);
        if (code !== 'request_already_pending') throw thrown;
        return pending(String(details['requestId']), own.store.get().nobodyThere);
      }
    },
    cancel: async () => {
      try {
        await connection.request('request:cancel', { seniorId: mySub() });
      } catch (thrown) {
        // It may be over already.
        refresh.ask();
        throw thrown;
      }
      own.change({ status: 'cancelled', nobodyThere: false });
    },
    accept: async (request) => {
      const payload = { seniorId: request.seeker, volunteerId: mySub() };
      const { conversationId } = await incoming.answered(request, () =>
        connection.request('volunteer:accept', payload),
      );
      return conversations.get(dialect, conversationId);
    },
    reject: async (request) => {
      const payload = { seniorId: request.seeker, volunteerId: mySub() };
      await incoming.answered(request, () => connection.request('volunteer:reject', payload));
    },
    conversation: (id) => conversations.get(dialect, id),
    rate: (id, rating, comment) =>
      http.request('POST', `/api/conversations/${id}/feedback`, { rating, ...(comment && { comment }) }),
  };
}
