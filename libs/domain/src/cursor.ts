import { KindlineError } from '@kindline/contracts';

/** A keyset position as an opaque string. */
export function encodeCursor(...keys: (string | number)[]): string {
  return Buffer.from(JSON.stringify(keys)).toString('base64url');
}

/** @throws validation_failed when it is not one of ours with `length` string keys. */
export function decodeCursor(cursor: string, length: number): string[] {
  try {
    const keys: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    if (Array.isArray(keys) && keys.length === length && keys.every((key) => typeof key === 'string'))
      return keys;
  } catch {
    // Falls through to the error below: what arrived is not one of our cursors.
  }
  throw new KindlineError('validation_failed', undefined, {
    errors: [{ path: 'cursor', message: 'must be the cursor of an earlier answer' }],
  });
}
