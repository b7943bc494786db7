import type { CounselingSession } from '@kindline/client';
import { useState } from 'react';
import { useClient, useStore } from '../../live/live';

/** One's open sessions, and those that ended while this was on the screen, until they are put away. */
export function useSessions(role: CounselingSession['role']): {
  sessions: readonly CounselingSession[];
  isOpen(sessionId: string): boolean;
  putAway(sessionId: string): void;
} {
  const { counseling } = useClient();
  const open = useStore(counseling.sessions).filter((session) => session.role === role);
  const [seen, setSeen] = useState<readonly CounselingSession[]>([]);
  const isOpen = (id: string) => open.some(({ sessionId }) => sessionId === id);
  const latest = [
    ...seen.map((old) => open.find(({ sessionId }) => sessionId === old.sessionId) ?? old),
    ...open.filter(({ sessionId }) => !seen.some((old) => old.sessionId === sessionId)),
  ];
  if (latest.length !== seen.length || latest.some((session, index) => session !== seen[index])) {
    setSeen(latest);
  }
  return {
    sessions: latest,
    isOpen,
    putAway(id) {
      counseling.chat(id).leave();
      setSeen(latest.filter(({ sessionId }) => sessionId !== id));
    },
  };
}
