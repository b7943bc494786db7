import type { ClientOptions, KindlineClient } from './api';
import { createBetterTogether } from './better-together/better-together';
import { createBookings } from './bookings/bookings';
import { createCalls } from './calls/calls';
import { createCompanion } from './companion/companion';
import { SocketConnection } from './connection/socket-connection';
import { Conversations } from './conversations/conversations';
import { createCounseling } from './counseling/counseling';
import { TokenHttp } from './http/http';
import { defaultStorage, Shelf } from './storage/storage';
import { createSupport } from './support/support';
import { Tokens } from './tokens';

/** A client of one person. Nothing is sent before `connect`. */
export function createClient(options: ClientOptions): KindlineClient {
  const tokens = new Tokens(options.token);
  const connection = new SocketConnection(options.gatewayUrl, tokens);
  const http = new TokenHttp(options.apiUrl, tokens);
  const shelf = new Shelf(options.storage ?? defaultStorage());
  const conversations = new Conversations(connection, http, shelf);
  const calls = createCalls(connection);
  return {
    connection: connection.state,
    me: connection.me,
    conversations: conversations.summaries.store,
    betterTogether: createBetterTogether(connection, http, shelf, conversations),
    companion: createCompanion(connection, http, conversations, calls),
    counseling: createCounseling(connection, http),
    support: createSupport(connection, http, conversations),
    bookings: createBookings(connection),
    onAnnouncement: (listener) =>
      connection.on('notification:new', ({ created_at: createdAt, ...entry }) =>
        listener({ ...entry, createdAt }),
      ),
    connect: () => connection.connect(),
    close: () => connection.close(),
    forget: async () => {
      connection.close();
      await shelf.forget();
    },
    request: (method, path, body, headers) => http.request(method, path, body, headers),
  };
}
