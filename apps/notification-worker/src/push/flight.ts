import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe } from 'node:diagnostics_channel';
import type { ClientRequest } from 'node:http';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

export const FCM_HOST = 'fcm.googleapis.com';

const flights = new AsyncLocalStorage<Flight>();

/**
 * The request of one push, watched from below the SDK: the SDK neither says whether a request had left when it
 * failed, nor can it be told to give up.
 */
export class Flight {
  private request: ClientRequest | undefined;
  private over = false;
  private sent = false;

  /** Whether a connection stood to write to. While false, FCM cannot have seen the push. */
  get left(): boolean {
    return this.sent;
  }

  /** Runs `send`, taking every request to FCM that it makes, however late, for this flight's. */
  run<Result>(send: () => Promise<Result>): Promise<Result> {
    return flights.run(this, send);
  }

  /** Breaks the request off; one that is made from now on (a slow access token) does not leave at all. */
  cancel(): void {
    this.over = true;
    this.request?.destroy();
  }

  follow(request: ClientRequest): void {
    this.request = request;
    if (this.over) {
      request.destroy();
      return;
    }
    request.once('socket', (socket: Socket) => {
      // A kept connection is authorized already; a new one is once its certificate has been checked.
      if (socket instanceof TLSSocket && socket.authorized) this.sent = true;
      else socket.once('secureConnect', () => (this.sent = true));
    });
  }
}

subscribe('http.client.request.created', (event) => {
  const { request } = event as { request: ClientRequest };
  // Fetching an access token is a request as well, and not the push.
  if (request.host === FCM_HOST) flights.getStore()?.follow(request);
});
