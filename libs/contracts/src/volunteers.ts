import { z } from 'zod';

export const volunteerView = z.object({
  sub: z.string(),
  email: z.string().nullable(),
  name: z.string().nullable(),
  available: z.boolean(),
  active: z.boolean(),
  lead: z.boolean(),
  capacity: z.int(),
  active_conversations: z.int(),
  time_spent_volunteering_s: z.int(),
  rating: z.number().nullable(),
  reviews: z.int(),
});
export type VolunteerView = z.infer<typeof volunteerView>;

/** `PATCH /api/volunteers/me` */
export const patchOwnVolunteer = z.strictObject({ available: z.boolean() });
/** `PATCH /api/volunteers/:sub` */
export const patchVolunteer = z
  .strictObject({
    available: z.boolean(),
    active: z.boolean(),
    lead: z.boolean(),
    capacity: z.int().min(0).max(1000),
  })
  .partial();

export const volunteersQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(500).default(100),
  cursor: z.string().min(1).max(256).optional(),
});
export const volunteerPage = z.object({ volunteers: z.array(volunteerView), cursor: z.string().nullable() });
