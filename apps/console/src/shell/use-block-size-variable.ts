import { type RefObject, useEffect, useRef } from 'react';

/** Says in a variable of the page how high an element is, so that a conversation below it stays within the window. */
export function useBlockSizeVariable<T extends HTMLElement>(variable: `--${string}`): RefObject<T | null> {
  const ref = useRef<T>(null);
  useEffect(() => {
    const box = ref.current;
    if (box === null) return;
    const { style } = document.documentElement;
    const observer = new ResizeObserver(() => style.setProperty(variable, `${box.offsetHeight}px`));
    observer.observe(box);
    return () => {
      observer.disconnect();
      style.removeProperty(variable);
    };
  }, [variable]);
  return ref;
}
