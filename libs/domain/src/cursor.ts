import { isUuid, KindlineError } from '@kindline/contracts';
import { z } from 'zod';

/** What a key of a cursor is: a `timestamptz` as Postgres writes it, an id, or the part of a list it stands in. */
type Key = 'time' | 'id' | 'part';

const isoTime = z.iso.datetime({ offset: true });
const IS: Record<Key, (key: string) => boolean> = {
  time: (key) => isoTime.safeParse(key.replace(' ', 'T').replace(/([+-]\d\d)$/, '$1:00')).success,
  id: isUuid,
  part: (key) => /^[a-z]{1,16}$/.test(key),
};

/** A keyset position as an opaque string. */
export function encodeCursor(...keys: (string | number)[]): string {
  return Buffer.from(JSON.stringify(keys)).toString('base64url');
}

/** @throws validation_failed when it is not one of ours with these keys: what passes can be compared in SQL. */
export function decodeCursor(cursor: string, ...kinds: Key[]): string[] {
  try {
    const keys: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    const fits = (key: unknown, index: number): key is string => {
      const kind = kinds[index];
      return kind !== undefined && typeof key === 'string' && IS[kind](key);
    };
    if (Array.isArray(keys) && keys.length === kinds.length && keys.every(fits)) return keys;
  } catch {
    // Falls through to the error below: what arrived is not one of our cursors.
  }
  throw new KindlineError('validation_failed', undefined, {
    errors: [{ path: 'cursor', message: 'must be the cursor of an earlier answer' }],
  });
}
