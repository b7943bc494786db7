import { z } from 'zod';
import { timeZone } from '../time-zone';
import { CATEGORIES, category } from './categories';

const timeOfDay = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time of day such as 22:00')
  .meta({ example: '22:00' });

/** From a local time of day to the next one at which the other is read off the clock. */
export const quietHours = z
  .strictObject({ from: timeOfDay, to: timeOfDay, timeZone })
  .refine(({ from, to }) => from !== to, { path: ['to'], message: 'must be another time than from' });
export type QuietHours = z.output<typeof quietHours>;

/** `PUT /api/users/me/notification-preferences`: what is not named stays as it is. */
export const putPreferences = z
  .strictObject({
    categories: z.partialRecord(category, z.boolean()).optional(),
    quietHours: quietHours.nullable().optional(),
  })
  .refine(({ categories }) => categories?.transactional !== false, {
    path: ['categories', 'transactional'],
    message: 'cannot be switched off: somebody waits for what it tells',
  });
export type PutPreferences = z.output<typeof putPreferences>;

export const preferencesView = z.object({
  categories: z.object(
    Object.fromEntries(CATEGORIES.map((name) => [name, z.boolean()])) as Record<
      (typeof CATEGORIES)[number],
      z.ZodBoolean
    >,
  ),
  quietHours: z.object({ from: z.string(), to: z.string(), timeZone: z.string() }).nullable(),
});
export type PreferencesView = z.infer<typeof preferencesView>;
