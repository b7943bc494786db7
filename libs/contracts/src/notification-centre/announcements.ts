import { z } from 'zod';
import { programName } from '../conversations';
import { role, ROLES } from '../people';
import { id, isStorable, line, sub, text } from '../strings';
import { category } from './categories';

/** What a push of FCM holds at most, with some room for our own fields. */
const DATA_MAX_BYTES = 2_048;
/** Names that FCM refuses, and our own. */
const RESERVED = /^(from|message_type|gcm.*|google.*|kind|screen|channelKey|notification_id|campaign_id)$/i;

/** Most people that a target may name one by one. */
export const MOST_SUBS = 10_000;

const instant = z.iso.datetime({ offset: true });
const pushData = z
  .record(
    z
      .string()
      .regex(/^[\w.-]{1,64}$/, 'names are 1 to 64 letters, digits, _, - or .')
      .refine((name) => !RESERVED.test(name), 'is a reserved name'),
    z.string().refine(isStorable, 'must not contain U+0000 or lone surrogates'),
  )
  .refine(
    (data) => Buffer.byteLength(JSON.stringify(data)) <= DATA_MAX_BYTES,
    `must be at most ${DATA_MAX_BYTES} bytes as JSON`,
  )
  .meta({ description: 'Strings that the app gets with the push' });

/** Everyone who matches all of what is named; of a list, any. */
export const audienceTarget = z
  .strictObject({
    everyone: z.literal(true).optional(),
    registeredAfter: instant.optional().meta({ description: 'Registered at or after' }),
    registeredBefore: instant.optional().meta({ description: 'Registered before' }),
    roles: z.array(role).min(1).max(ROLES.length).optional(),
    programs: z.array(programName).min(1).max(4).optional(),
    subs: z.array(sub).min(1).max(MOST_SUBS).optional(),
  })
  .superRefine(({ everyone, ...named }, context) => {
    const some = Object.values(named).some((value) => value !== undefined);
    if (!everyone && !some) context.addIssue({ code: 'custom', message: 'must name somebody' });
    if (everyone && some)
      context.addIssue({ code: 'custom', message: 'everyone leaves nobody out: name nothing else' });
    const { registeredAfter, registeredBefore } = named;
    if (registeredAfter !== undefined && registeredBefore !== undefined) {
      if (Date.parse(registeredAfter) >= Date.parse(registeredBefore)) {
        context.addIssue({
          code: 'custom',
          path: ['registeredBefore'],
          message: 'must be later than registeredAfter',
        });
      }
    }
  });
export type AudienceTarget = z.output<typeof audienceTarget>;

/** Texts with `{{variables}}`, before they are filled. */
export const templateTitle = text(1_024).refine((value) => value.trim().length > 0, 'must not be empty');
export const templateBody = text(4_096).refine((value) => value.trim().length > 0, 'must not be empty');
const variables = z.record(
  line(64),
  z.union([
    z.string().max(2_000).refine(isStorable, 'must not contain U+0000 or lone surrogates'),
    z.number(),
  ]),
);

/** `POST /api/notifications` */
export const postAnnouncement = z
  .strictObject({
    title: templateTitle.optional(),
    body: templateBody.optional(),
    category: category.optional(),
    templateId: id.optional(),
    variables: variables.optional(),
    data: pushData.optional(),
    target: audienceTarget,
    sendAt: instant.optional(),
  })
  .superRefine(({ title, body, category: own, templateId }, context) => {
    if (templateId !== undefined) return;
    for (const [name, value] of Object.entries({ title, body, category: own })) {
      if (value === undefined)
        context.addIssue({ code: 'custom', path: [name], message: 'is required without a templateId' });
    }
  });
export const announcementHeaders = z.object({
  'idempotency-key': line(255).optional().meta({
    description: 'The same request again is answered with the announcement that the first one made',
  }),
});

/** `POST /api/notifications/audience` */
export const audienceSizeQuery = z.strictObject({ target: audienceTarget, category: category.optional() });
export const audienceSize = z.object({
  audience: z.int().meta({ description: 'people who match' }),
  opted_out: z.int().nullable().meta({ description: 'those of them who switched the category off' }),
});

export const announcementStatus = z.enum(['scheduled', 'sending', 'sent', 'cancelled']);
export type AnnouncementStatus = z.infer<typeof announcementStatus>;

export const announcementCounts = z.object({
  audience: z.int().meta({ description: 'people who match' }),
  excluded_by_preference: z.int().meta({ description: 'people who switched its category off' }),
  accepted: z.int().meta({ description: 'devices, as all that follow' }),
  rejected: z.int(),
  unknown: z.int().meta({ description: 'sent, and not known whether it arrived; not sent again' }),
  skipped: z.int(),
  pending: z.int(),
});
export type AnnouncementCounts = z.infer<typeof announcementCounts>;

export const announced = z.object({ id: z.string(), status: announcementStatus, audience: z.int() });
export const announcementView = announced.extend({
  title: z.string(),
  body: z.string(),
  category,
  template_id: z.string().nullable(),
  data: z.record(z.string(), z.string()),
  target: z.record(z.string(), z.unknown()),
  created_by: z.string().nullable().meta({ description: 'sub' }),
  created_at: z.iso.datetime(),
  send_at: z.iso.datetime(),
  finished_at: z.iso.datetime().nullable().meta({ description: 'when nothing was left to send' }),
  counts: announcementCounts,
});
export type AnnouncementView = z.infer<typeof announcementView>;

/** `GET /api/notifications` */
export const announcementsQuery = z.strictObject({
  status: announcementStatus.optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().min(1).max(256).optional(),
});
export const announcementPage = z.object({
  notifications: z.array(announcementView),
  cursor: z.string().nullable(),
});

/** `POST /api/notifications/:id/cancel` */
export const cancelAnnouncement = z.strictObject({});

/** `GET /api/notifications/:id/why` */
export const whyQuery = z.strictObject({ sub });
export const whyReason = z.enum([
  'sent',
  'opted_out',
  'quiet_hours',
  'throttled',
  'connected',
  'no_token',
  'dead_token',
  'not_in_audience',
  'cancelled',
  'pending',
  'not_configured',
]);
export const whyView = z.object({
  sub: z.string(),
  outcome: z.enum(['accepted', 'rejected', 'unknown', 'skipped', 'pending', 'excluded']),
  reason: whyReason,
  held_until: z.iso.datetime().nullable().meta({ description: 'the end of their quiet hours' }),
  attempts: z.array(
    z.object({
      token: z.string().nullable().meta({ description: 'masked' }),
      status: z.enum(['accepted', 'rejected', 'unknown', 'skipped', 'pending']),
      reason: z.string().nullable(),
      attempts: z.int(),
      updated_at: z.iso.datetime(),
    }),
  ),
});
export type WhyView = z.infer<typeof whyView>;
