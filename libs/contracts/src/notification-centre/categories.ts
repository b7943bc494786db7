import { z } from 'zod';

/** What people may switch off, except `transactional`: what somebody waits for right now. */
export const CATEGORIES = ['transactional', 'messages', 'reminders', 'promotional', 'product'] as const;
export const category = z.enum(CATEGORIES);
export type Category = z.infer<typeof category>;
