import { randomUUID } from 'node:crypto';
import { readSendRequest, type SendRequest, type Unreadable } from './fcm-message';
import type { Mailbox } from './mailbox';

/** Calls that `quota-` and `unavailable-` tokens fail before they succeed. */
const FAILING_TRIES = 2;

/** An answer over HTTP. */
export interface Answer {
  status: number;
  body: object;
  headers?: Record<string, string>;
}

/** An error as Google words it. FCM's own errors carry an errorCode as well, which SDKs read before the status. */
export function failure(
  status: number,
  state: string,
  message: string,
  { errorCode, field }: { errorCode?: string; field?: string | undefined } = {},
): Answer {
  const details: object[] = [];
  if (errorCode) details.push({ '@type': 'type.googleapis.com/google.firebase.fcm.v1.FcmError', errorCode });
  if (field !== undefined) {
    const fieldViolations = [{ field, description: message }];
    details.push({ '@type': 'type.googleapis.com/google.rpc.BadRequest', fieldViolations });
  }
  const error = { code: status, message, status: state, ...(details.length > 0 && { details }) };
  return { status, body: { error } };
}

/** Decides what becomes of a push; what its token begins with says how. `drop`: close without an answer. */
export function answerSend(raw: string, project: string, mailbox: Mailbox): Answer | 'drop' {
  const request = readSendRequest(raw);
  if ('fault' in request) return unreadable(request);
  const { message, validate_only = false } = request;
  const scripted = scriptedAnswer(message.token, validate_only, mailbox);
  if (scripted) return scripted;
  keep(request, mailbox);
  return {
    status: 200,
    body: { name: `projects/${project}/messages/${validate_only ? 'fake_message_id' : randomUUID()}` },
  };
}

const unreadable = ({ fault, field }: Unreadable): Answer =>
  failure(400, 'INVALID_ARGUMENT', fault, { errorCode: 'INVALID_ARGUMENT', field });

function scriptedAnswer(token: string, dryRun: boolean, mailbox: Mailbox): Answer | 'drop' | undefined {
  const prefix = /^(unregistered|invalid|quota|unavailable|drop)-/.exec(token)?.[1];
  if (prefix === undefined) return undefined;
  // A dry run delivers nothing, so it uses up none of the tries.
  const before = dryRun ? FAILING_TRIES : mailbox.countTry(token);
  switch (prefix) {
    case 'unregistered':
      return failure(404, 'NOT_FOUND', 'Requested entity was not found.', { errorCode: 'UNREGISTERED' });
    case 'invalid':
      return failure(
        400,
        'INVALID_ARGUMENT',
        'The registration token is not a valid FCM registration token',
        {
          errorCode: 'INVALID_ARGUMENT',
        },
      );
    case 'drop':
      return 'drop';
    case 'quota': {
      if (before >= FAILING_TRIES) return undefined;
      const quota = failure(429, 'RESOURCE_EXHAUSTED', 'Quota exceeded.', { errorCode: 'QUOTA_EXCEEDED' });
      return { ...quota, headers: { 'retry-after': '1' } };
    }
    default:
      if (before >= FAILING_TRIES) return undefined;
      return failure(503, 'UNAVAILABLE', 'The service is currently unavailable.', {
        errorCode: 'UNAVAILABLE',
      });
  }
}

function keep({ message, validate_only = false }: SendRequest, mailbox: Mailbox): void {
  mailbox.add({
    token: message.token,
    notification: message.notification ?? null,
    data: message.data ?? null,
    android: bothSpellings(message.android) ?? null,
    validate_only,
    received_at: new Date().toISOString(),
  });
}

/** FCM takes `channel_id` and `channelId` for the same field, and the SDK sends the former: a reader finds either. */
function bothSpellings(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const all: Record<string, unknown> = {};
  for (const [name, inner] of Object.entries(value)) {
    all[name] = bothSpellings(inner);
    all[name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())] = all[name];
  }
  return all;
}
