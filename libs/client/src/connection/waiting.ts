import type { KindlineClientError } from '../client-error';
import type { Connection } from './connection';

/** What may go better the next time. */
const PASSING = ['unavailable', 'internal', 'rate_limited', 'network', 'timeout'];
export const isPassing = ({ code }: KindlineClientError): boolean => PASSING.includes(code);

export const isOnline = (connection: Connection): boolean => connection.state.get().status === 'online';

/** Resolves after `ms`, or as soon as the connection comes, goes or is closed: no timer outlives it. */
export function pause(connection: Connection, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      stop();
      resolve();
    };
    const timer = setTimeout(done, ms);
    const stop = connection.state.subscribe(done);
  });
}

/** Resolves when there is a connection. */
export function whenOnline(connection: Connection): Promise<void> {
  return new Promise((resolve) => {
    const stop = connection.state.subscribe(() => {
      if (isOnline(connection)) done();
    });
    const done = (): void => {
      stop();
      resolve();
    };
    if (isOnline(connection)) done();
  });
}
