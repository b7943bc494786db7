import { z } from 'zod';

/** News of who is there between services. */
export const PRESENCE_NEWS = {
  /** Someone's first socket has come or their last one has gone, as those may know whom they share a channel with. */
  'presence.changed.v1': z.object({
    changes: z.array(
      z.object({
        sub: z.string(),
        online: z.boolean(),
        lastSeen: z.string().nullable(),
        viewerIds: z.array(z.string()),
      }),
    ),
  }),
} as const satisfies Record<string, z.ZodType>;

export type PresenceNewsMap = {
  [Name in keyof typeof PRESENCE_NEWS]: z.infer<(typeof PRESENCE_NEWS)[Name]>;
};
export type PresenceChange = PresenceNewsMap['presence.changed.v1']['changes'][number];
