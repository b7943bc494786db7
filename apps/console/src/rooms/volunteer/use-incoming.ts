import type { IncomingRequest } from '@kindline/client';
import { useState } from 'react';
import { useClient, useStore } from '../../live/live';

/** The open requests of both programs, oldest first, without those this volunteer has put aside. */
export function useIncoming() {
  const { betterTogether, companion } = useClient();
  const peers = useStore(betterTogether.incoming);
  const seniors = useStore(companion.incoming);
  const [aside, setAside] = useState<ReadonlySet<string>>(new Set());
  const incoming = [...peers, ...seniors]
    .filter(({ requestId }) => !aside.has(requestId))
    .sort((one, other) => one.since.localeCompare(other.since));
  const notNow = async (request: IncomingRequest): Promise<void> => {
    if (request.program === 'companion') await companion.reject(request);
    // Better_together does not ask who cannot: it asks others by and by.
    else setAside((before) => new Set(before).add(request.requestId));
  };
  const accept = (request: IncomingRequest) =>
    request.program === 'companion' ? companion.accept(request) : betterTogether.accept(request);
  return { incoming, accept, notNow };
}
