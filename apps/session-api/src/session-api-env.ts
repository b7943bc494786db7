import { commonEnv, portEnv } from '@kindline/platform';
import { z } from 'zod';

export const sessionApiEnv = commonEnv.extend({
  SESSION_API_PORT: portEnv(3000),
  PROGRAMS_FILE: z.string().optional(),
});

export type SessionApiEnv = z.output<typeof sessionApiEnv>;
