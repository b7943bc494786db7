import { randomBytes } from 'node:crypto';

/** A name for one side of one session: random, so that nothing leads from it to an account or another session. */
export const newAnonymousId = (): string => `anon_${randomBytes(12).toString('base64url')}`;
