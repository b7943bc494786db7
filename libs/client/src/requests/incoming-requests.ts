import type { IncomingRequest } from '../api';
import { KindlineClientError } from '../client-error';
import type { Connection } from '../connection/connection';
import { WritableStore } from '../store';

/** The server shows everything that is open when one connects; it has done so after this time. */
const SHOWN_AGAIN_MS = 5_000;
/** Answers after which a request cannot be accepted any more. */
const GONE = ['already_accepted', 'not_found', 'not_invited', 'request_not_pending'];

/** Requests that a volunteer may accept, oldest first. */
export class IncomingRequests {
  readonly store = new WritableStore<readonly IncomingRequest[]>([]);
  /** Those of an earlier connection that were not shown again. */
  private old = new Set<string>();
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(connection: Connection) {
    connection.state.subscribe(() => clearTimeout(this.timer));
    connection.onOnline(() => {
      this.old = new Set(this.store.get().map(({ requestId }) => requestId));
      this.timer = setTimeout(() => this.drop(({ requestId }) => this.old.has(requestId)), SHOWN_AGAIN_MS);
    });
  }

  show(request: Omit<IncomingRequest, 'since'>): void {
    this.old.delete(request.requestId);
    const list = this.store.get();
    if (list.some(({ requestId }) => requestId === request.requestId)) return;
    this.store.set([...list, { ...request, since: new Date().toISOString() }]);
  }

  drop(which: (request: IncomingRequest) => boolean): void {
    const list = this.store.get();
    const left = list.filter((request) => !which(request));
    if (left.length < list.length) this.store.set(left);
  }

  /** Drops the request when the answer went through, and when it shows that the request is gone. */
  async answered<T>({ requestId }: IncomingRequest, answer: () => Promise<T>): Promise<T> {
    const gone = (): void => this.drop((one) => one.requestId === requestId);
    try {
      const result = await answer();
      gone();
      return result;
    } catch (thrown) {
      if (GONE.includes(KindlineClientError.of(thrown).code)) gone();
      throw thrown;
    }
  }
}
