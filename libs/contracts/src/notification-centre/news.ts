import { z } from 'zod';
import { category } from './categories';

/** News of announcements, for the gateways. They may be lost: the inbox has what they tell. */
export const ANNOUNCEMENT_NEWS = {
  /** An announcement that is not pushed to these people, because they are connected. */
  'announcement.shown.v1': z.object({
    title: z.string(),
    body: z.string(),
    category,
    data: z.record(z.string(), z.string()),
    to: z.array(z.object({ personId: z.string(), notificationId: z.string(), createdAt: z.string() })),
  }),
} as const satisfies Record<string, z.ZodType>;

export type AnnouncementNewsMap = {
  [Name in keyof typeof ANNOUNCEMENT_NEWS]: z.infer<(typeof ANNOUNCEMENT_NEWS)[Name]>;
};
