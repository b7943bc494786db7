import type { Manager } from 'socket.io-client';
import type { ConnectionState, Me, Store } from '../api';
import type { AnswerOf, ClientEventName, PayloadOf, ServerEventName, ServerListener } from '../events';

/** One socket on the default namespace, which stays connected by itself. */
export interface Connection {
  readonly state: Store<ConnectionState>;
  readonly me: Store<Me | null>;
  /**
   * Emits and resolves with the answer's fields. Rejects with a KindlineClientError: the answer's code,
   * or `network` (not connected, or cut off before the answer), or `timeout`. Never tries again by itself.
   */
  request<Event extends ClientEventName>(event: Event, payload: PayloadOf<Event>): Promise<AnswerOf<Event>>;
  /** Emits without waiting, and only if connected; also who hears that it is being closed may still do so. */
  emit<Event extends ClientEventName>(event: Event, payload: PayloadOf<Event>): void;
  on<Event extends ServerEventName>(event: Event, listener: ServerListener<Event>): () => void;
  /** Runs after every (re)connect, once `connection_response` has come; at once when that was before. */
  onOnline(listener: () => void): () => void;
  /** The Socket.IO manager, for other namespaces on the same connection. */
  readonly manager: Manager;
  connect(): void;
  close(): void;
}
