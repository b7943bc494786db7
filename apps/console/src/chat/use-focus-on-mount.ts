import { type RefObject, useEffect, useRef } from 'react';

/** For what takes the place of the button that was pressed: else the keyboard and a screen reader start over. */
export function useFocusOnMount<T extends HTMLElement>(): RefObject<T | null> {
  const ref = useRef<T>(null);
  useEffect(() => ref.current?.focus({ preventScroll: true }), []);
  return ref;
}
