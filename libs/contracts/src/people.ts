import { z } from 'zod';
import { email, line, sub } from './strings';

export const ROLES = [
  'user',
  'student',
  'senior',
  'volunteer',
  'counselor',
  'agent',
  'facilitator',
  'supervisor',
  'admin',
] as const;
export const role = z.enum(ROLES);
export type Role = z.infer<typeof role>;

/** Roles that may ask for help. */
export const SEEKER_ROLES: readonly Role[] = ['user', 'student', 'senior'];

/** Roles that look after those who answer. */
export const SUPERVISING_ROLES: readonly Role[] = ['supervisor', 'admin'];

/** Roles that answer. */
export const HELPER_ROLES: readonly Role[] = ['volunteer', 'counselor', 'agent'];

const MOST_LIFETIME_S = 31_536_000;
const SECONDS = { s: 1, m: 60, h: 3_600, d: 86_400 } as const;
const lifetimeS = (text: string): number =>
  Number(text.slice(0, -1)) * SECONDS[text.slice(-1) as keyof typeof SECONDS];

/** `POST /auth/tokens` */
export const mintToken = z.strictObject({
  sub,
  email: email.optional(),
  name: line(200).optional(),
  roles: z.array(role).min(1).max(ROLES.length),
  expiresIn: z
    .union([
      z.int().min(1).max(MOST_LIFETIME_S),
      z
        .string()
        .regex(/^\d{1,9}(s|m|h|d)$/, 'must look like 15m, 6h or 7d')
        .refine((text) => lifetimeS(text) >= 1 && lifetimeS(text) <= MOST_LIFETIME_S, 'must be at most 365d'),
    ])
    .optional()
    .meta({ description: 'Seconds, or a duration such as 15m, 6h, 7d; default 1h, at most 365 days' }),
});
export const mintedToken = z.object({ token: z.string(), expires_at: z.iso.datetime() });

/** `PUT /api/people/:sub` */
export const putPerson = z.strictObject({
  email: email.nullable().optional(),
  name: line(200).nullable().optional(),
  registered_at: z.iso.datetime({ offset: true }).optional(),
  roles: z.array(role).max(ROLES.length).optional(),
});
export const personView = z.object({
  sub: z.string(),
  email: z.string().nullable(),
  name: z.string().nullable(),
  registered_at: z.iso.datetime(),
  roles: z.array(role),
});

/** `GET /api/people` */
export const peopleQuery = z.strictObject({
  search: line(254)
    .optional()
    .meta({ description: 'how the name, the e-mail address or the sub begins, in any case' }),
  role: role.optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().min(1).max(256).optional(),
});
export const knownPerson = personView.extend({
  last_seen_at: z.iso.datetime().nullable().meta({ description: 'when a token of theirs last came' }),
});
export type KnownPerson = z.infer<typeof knownPerson>;
export const peoplePage = z.object({ people: z.array(knownPerson), cursor: z.string().nullable() });

/** `PUT /api/push-tokens` */
export const putPushToken = z.strictObject({
  token: line(4096),
  platform: z.enum(['android', 'ios', 'web']),
});
export const pushTokenView = z.object({
  token: z.string().meta({ description: 'masked' }),
  platform: z.enum(['android', 'ios', 'web']),
});
