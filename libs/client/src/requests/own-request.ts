import type { SeekerRequest } from '../api';
import { WritableStore } from '../store';

export const NO_REQUEST: SeekerRequest = {
  status: 'none',
  requestId: null,
  nobodyThere: false,
  conversationId: null,
  since: null,
};

/** The seeker's newest request. */
export class OwnRequest {
  readonly store = new WritableStore<SeekerRequest>(NO_REQUEST);

  now(request: SeekerRequest): void {
    this.store.set(request);
  }

  change(change: Partial<SeekerRequest>): void {
    this.store.set({ ...this.store.get(), ...change });
  }

  accepted(conversationId: string): void {
    this.change({ status: 'accepted', conversationId, nobodyThere: false });
  }
}
