import type { SeekerRequest, Store } from '@kindline/client';
import { useState } from 'react';
import { useStore } from '../../live/live';

export type RequestStage = 'none' | 'waiting' | 'accepted' | 'expired';

/**
 * What becomes of a request that was seen waiting here: one that was accepted or has expired before this page
 * was there is none.
 */
export function useRequestStage(store: Store<SeekerRequest>) {
  const request = useStore(store);
  const [seen, setSeen] = useState(false);
  const { status } = request;
  if (status === 'pending' && !seen) setSeen(true);
  if (status === 'cancelled' && seen) setSeen(false);
  return { request, stage: seen ? stageOf(status) : 'none', done: () => setSeen(false) };
}

function stageOf(status: SeekerRequest['status']): RequestStage {
  switch (status) {
    case 'pending':
      return 'waiting';
    case 'accepted':
    case 'expired':
      return status;
    case 'none':
    case 'cancelled':
      return 'none';
  }
}
