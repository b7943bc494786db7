import { type RefObject, useCallback, useRef } from 'react';
import { flushSync } from 'react-dom';
import { useLocation } from 'wouter';

interface Choice {
  /** From the path `/<room>/<chosen>`. */
  chosen: string | null;
  choose(next: string): void;
  /** Back to the list, which gets the focus: what had it is gone. */
  back(): void;
  /** For the list. */
  list: RefObject<HTMLDivElement | null>;
}

/** What is chosen from a room's list. */
export function useChosen(room: string): Choice {
  const [location, go] = useLocation();
  const list = useRef<HTMLDivElement>(null);
  const [, , chosen = ''] = location.split('/');
  const choose = useCallback((next: string) => go(`/${room}/${next}`, { replace: true }), [go, room]);
  const back = useCallback(() => {
    // A list that is hidden on a phone cannot be focused yet.
    flushSync(() => go(`/${room}`, { replace: true }));
    list.current?.focus();
  }, [go, room]);
  return { chosen: chosen === '' ? null : chosen, choose, back, list };
}
