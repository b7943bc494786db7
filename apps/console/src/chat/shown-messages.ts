import type { Message } from '@kindline/client';
import { useState } from 'react';

/** How many are rendered at first, and with every step towards older ones: the page stays fast with any number. */
const STEP = 150;

interface Pin {
  /** The first one shown when the reader left the end. */
  key: string | undefined;
  /** How many before it are shown since. */
  before: number;
  /** The newest `seq` then: what is above it has not been seen. */
  seq: number;
}

/** What part of a conversation is rendered: the newest at the end of it, and as many older ones as were asked for. */
export function useShownMessages(messages: readonly Message[]) {
  const [pin, setPin] = useState<Pin | null>(null);
  const start = startOf(messages, pin);
  const pinned = (): Pin => pin ?? { key: messages[start]?.key, before: 0, seq: newestSeq(messages) };
  return {
    shown: messages.slice(start),
    /** Whether older ones are at hand that are not shown. */
    more: start > 0,
    atEnd: pin === null,
    /** Messages of others that came since the reader left the end. */
    unseen:
      pin === null ? 0 : messages.filter(({ from, seq }) => from === 'other' && (seq ?? 0) > pin.seq).length,
    leaveEnd: () => setPin(pinned()),
    toEnd: () => setPin(null),
    showOlder: () => setPin({ ...pinned(), before: pinned().before + STEP }),
  };
}

function startOf(messages: readonly Message[], pin: Pin | null): number {
  if (pin === null) return Math.max(0, messages.length - STEP);
  const first = messages.findIndex(({ key }) => key === pin.key);
  return Math.max(0, first - pin.before);
}

/** 0 where there are none. */
export function newestSeq(messages: readonly Message[]): number {
  return messages.findLast(({ seq }) => seq !== null)?.seq ?? 0;
}
