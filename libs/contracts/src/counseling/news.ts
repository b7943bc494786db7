import { z } from 'zod';
import { programName } from '../conversations';

/** News of anonymous sessions between services: they name accounts, never anonymous ids, topics or texts. */
export const SESSION_NEWS = {
  /** A session is somebody else's, or over. `formerHelperId` had it until now. */
  'session.changed.v1': z.object({
    sessionId: z.string(),
    program: programName,
    version: z.int(),
    status: z.enum(['queued', 'active', 'ended']),
    seekerId: z.string(),
    helperId: z.string().nullable(),
    formerHelperId: z.string().nullable(),
    endedBy: z.enum(['seeker', 'helper', 'system']).nullable(),
    endReason: z.enum(['ended', 'expired']).nullable(),
  }),
  /** Positions in the queue have changed. */
  'session.queue.v1': z.object({ program: programName }),
} as const satisfies Record<string, z.ZodType>;

export type SessionNewsMap = { [Name in keyof typeof SESSION_NEWS]: z.infer<(typeof SESSION_NEWS)[Name]> };
export type SessionChanged = SessionNewsMap['session.changed.v1'];
