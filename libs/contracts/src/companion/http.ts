import { z } from 'zod';
import { text } from '../strings';

const time = z.iso.datetime().nullable();
const person = z.string().nullable().meta({ description: 'a sub' });

/** `GET /api/help-requests/:id` */
export const helpRequestView = z.object({
  id: z.string(),
  senior_id: z.string(),
  volunteer_id: person,
  conversation_id: z.string().nullable(),
  type: z.string(),
  status: z.enum(['pending', 'accepted', 'cancelled', 'expired', 'completed']),
  notes: z.string().nullable().meta({ description: 'null once the text was removed by retention' }),
  created_at: z.iso.datetime(),
  accepted_at: time,
  completed_at: time.meta({ description: 'when its conversation ended' }),
  completed_by: person.meta({ description: 'a sub; null when the system ended it' }),
  rating: z.int().nullable(),
  feedback: z.string().nullable(),
});
export type HelpRequestView = z.infer<typeof helpRequestView>;

/** `POST /api/help-requests/:id/rating` */
export const rateHelpRequest = z.strictObject({
  rating: z.int().min(1).max(5),
  feedback: text(4096).optional(),
});
