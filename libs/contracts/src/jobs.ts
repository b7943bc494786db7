import { z } from 'zod';
import { isStorable, line, TOO_LARGE } from './strings';
import { timeZone } from './time-zone';

/** Upper bound of a job's payload in bytes of JSON. */
export const JOB_PAYLOAD_MAX_BYTES = 65_536;
const PAYLOAD_MAX_DEPTH = 100;

/** Any name but those that URLs leave out of their path. */
export const jobId = line(255).refine((id) => id !== '.' && id !== '..', 'must not be . or ..');

const jobPayload = z
  .unknown()
  .superRefine((value, context) => {
    if (value === undefined) return;
    const wrong = wrongPayload(value);
    if (wrong) context.addIssue({ code: 'custom', message: wrong });
    else if (Buffer.byteLength(JSON.stringify(value)) > JOB_PAYLOAD_MAX_BYTES) {
      context.addIssue({
        code: 'custom',
        message: `must be at most ${JOB_PAYLOAD_MAX_BYTES} bytes of JSON`,
        params: TOO_LARGE,
      });
    }
  })
  .meta({ description: 'Any JSON of up to 64 KiB; absent: {}' });

/** Walked without recursion: what a request nests deeply must not overflow anybody's stack, Postgres' neither. */
function wrongPayload(payload: unknown): string | undefined {
  const left: { value: unknown; depth: number }[] = [{ value: payload, depth: 0 }];
  for (let next = left.pop(); next; next = left.pop()) {
    const { value, depth } = next;
    if (typeof value === 'string' && !isStorable(value)) return UNSTORABLE;
    if (typeof value !== 'object' || value === null) continue;
    if (depth === PAYLOAD_MAX_DEPTH) return `must not nest deeper than ${PAYLOAD_MAX_DEPTH} levels`;
    if (!Object.keys(value).every(isStorable)) return UNSTORABLE;
    for (const inner of Object.values(value)) left.push({ value: inner, depth: depth + 1 });
  }
  return undefined;
}
const UNSTORABLE = 'must not contain U+0000 or lone surrogates';

const LAST_MS = Date.UTC(10_000, 0);

const fields = {
  job_id: jobId,
  run_at: z.iso
    .datetime({ offset: true, error: 'must be a time with an offset such as 2026-05-01T09:00:00+02:00' })
    .refine((time) => new Date(time).getTime() < LAST_MS, 'must be before the year 10000')
    .optional()
    .meta({ description: 'Once, at this time; one in the past: at once' }),
  cron: line(255)
    .optional()
    .meta({ description: '5 fields, or 6 with seconds first', example: '30 2 * * 1-5' }),
  time_zone: timeZone
    .optional()
    .meta({ description: "By whose clock cron runs; default the operator's", example: 'Europe/Berlin' }),
  callback_url: line(2048)
    .optional()
    .meta({ description: 'POSTed to; its origin must be on the allow-list JOB_CALLBACK_ORIGINS' }),
  event: z
    .string()
    .regex(/^[A-Za-z0-9][\w.:-]{0,99}$/, 'must be 1 to 100 letters, digits and . : _ -')
    .optional()
    .meta({ description: 'Published as job.<event> on the Redis transport' }),
  payload: jobPayload.optional(),
};
type Fields = Partial<Record<keyof typeof fields, unknown>>;
type Context = { addIssue(issue: { code: 'custom'; path: string[]; message: string }): void };

/** A job has one time or pattern and one target. */
function checkJob({ run_at, cron, time_zone, callback_url, event }: Fields, context: Context): void {
  const refuse = (field: keyof Fields, message: string): void =>
    context.addIssue({ code: 'custom', path: [field], message });
  if (run_at !== undefined && cron !== undefined) refuse('cron', 'cannot stand beside run_at');
  if (run_at === undefined && cron === undefined) refuse('run_at', 'either run_at or cron is required');
  if (time_zone !== undefined && cron === undefined) refuse('time_zone', 'only goes with cron');
  if (callback_url !== undefined && event !== undefined) refuse('event', 'cannot stand beside callback_url');
  if (callback_url === undefined && event === undefined) {
    refuse('callback_url', 'either callback_url or event is required');
  }
}

/** `POST /jobs` */
export const newJob = z.strictObject(fields).superRefine(checkJob);
export type NewExternalJob = z.output<typeof newJob>;

/** `POST /AddRemoveJob`; `remove` needs the id only: of other fields only the form is looked at. */
export const addRemoveJob = z
  .strictObject({ action: z.enum(['add', 'remove']), ...fields })
  .superRefine(({ action, ...job }, context) => {
    if (action === 'add') checkJob(job, context);
  });
export const addedOrRemovedJob = z.object({ job_id: z.string(), status: z.string() });

export const jobStatus = z.enum(['scheduled', 'running', 'completed', 'failed']);
export type JobStatus = z.infer<typeof jobStatus>;

/** `GET /jobs` */
export const jobsQuery = z.strictObject({
  status: jobStatus.optional(),
  limit: z.coerce.number().int().min(1).max(500).default(100),
  cursor: z.string().min(1).max(256).optional(),
});
const time = z.iso.datetime().nullable();
export const jobView = z.object({
  job_id: z.string(),
  status: jobStatus,
  run_at: time,
  cron: z.string().nullable(),
  time_zone: z.string().nullable(),
  callback_url: z.string().nullable(),
  event: z.string().nullable(),
  payload: z.unknown(),
  next_run_at: time.meta({ description: 'The next occurrence or the next try, whichever comes first' }),
  last_run_at: time,
  attempts: z.int().meta({ description: 'of the occurrence that began last' }),
  last_error: z.string().nullable(),
  created_at: z.iso.datetime(),
  updated_at: z.iso.datetime(),
});
export type JobView = z.infer<typeof jobView>;
export const jobPage = z.object({ jobs: z.array(jobView), cursor: z.string().nullable() });
