import { z } from 'zod';

/** Upper bound of a message text in bytes of UTF-8. */
export const MESSAGE_MAX_BYTES = 8192;

/** Whether Postgres and every client can hold this text. */
export const isStorable = (value: string): boolean => !value.includes('\u0000') && value.isWellFormed();

/** The same for a JSON value of at most so many levels. */
export function isStorableJson(value: unknown, levels: number): boolean {
  if (typeof value === 'string') return isStorable(value);
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object' || value === null) return value === null || typeof value === 'boolean';
  if (levels === 0 || ArrayBuffer.isView(value)) return false;
  return Object.entries(value).every(
    ([name, inner]) => isStorable(name) && isStorableJson(inner, levels - 1),
  );
}

const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;

/** Marks an issue that is reported as `too_large` (413) instead of `validation_failed`. */
export const TOO_LARGE = { code: 'too_large' } as const;

function byteLimited(maxBytes: number) {
  return z.string().superRefine((value, context) => {
    if (!isStorable(value)) {
      context.addIssue({ code: 'custom', message: 'must not contain U+0000 or lone surrogates' });
    } else if (value.length * 3 > maxBytes && Buffer.byteLength(value) > maxBytes) {
      context.addIssue({ code: 'custom', message: `must be at most ${maxBytes} bytes`, params: TOO_LARGE });
    }
  });
}

/** Free text of up to `maxBytes` bytes of UTF-8; line breaks are welcome, U+0000 and lone surrogates are not. */
export const text = (maxBytes: number) => byteLimited(maxBytes).meta({ maxLength: maxBytes });

/** A message: 1 to 8,192 bytes. */
export const messageText = byteLimited(MESSAGE_MAX_BYTES)
  .refine((value) => value.length > 0, 'must not be empty')
  .meta({ minLength: 1, maxLength: MESSAGE_MAX_BYTES, description: '1 to 8,192 bytes of UTF-8' });

/** A single line such as a name or an identifier: no control characters, 1 to `max` characters. */
export const line = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .refine((value) => value.isWellFormed() && !CONTROL.test(value), 'must not contain control characters');

/** An e-mail address, compared and answered in lower case. */
export const email = line(254)
  .refine((value) => /^[^\s@]+@[^\s@]+$/.test(value), 'must be an e-mail address')
  .transform((value) => value.toLowerCase())
  .meta({ format: 'email' });

/** An id in a payload. It is opaque to clients: one that cannot exist is `not_found`, not malformed. */
export const id = line(128);
/** The client's own id of a message, by which a retry is recognised. */
export const clientId = line(128);
/** The subject of a token. */
export const sub = line(255);

/** True for strings that can be a key in our tables. */
export function isUuid(value: string): boolean {
  return /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(value);
}
