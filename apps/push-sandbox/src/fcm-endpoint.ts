import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import type { Mailbox } from './mailbox';

type Request = IncomingMessage | Http2ServerRequest;
type Response = ServerResponse | Http2ServerResponse;

const ROUTE = /^\/v1\/projects\/[^/]+\/messages:send$/;
const MOST_BYTES = 64 * 1024;
/** Calls that `quota-` and `unavailable-` tokens fail before they succeed. */
const FAILING_TRIES = 2;

interface Answer {
  status: number;
  body: object;
  headers?: Record<string, string>;
}

function failure(status: number, state: string, message: string, errorCode = state): Answer {
  const details = [{ '@type': 'type.googleapis.com/google.firebase.fcm.v1.FcmError', errorCode }];
  return { status, body: { error: { code: status, message, status: state, details } } };
}

/** Answers as FCM's HTTP v1 does; what a token begins with says how. */
export async function answerFcm(request: Request, response: Response, mailbox: Mailbox): Promise<void> {
  const raw = await body(request);
  if (raw === undefined) return send(response, failure(400, 'INVALID_ARGUMENT', 'The request is too large.'));
  const answer = judge(request, raw, mailbox);
  if (answer === 'drop') {
    if ('stream' in response) response.stream.session?.destroy();
    else request.socket.destroy();
    return;
  }
  send(response, answer);
}

function judge(request: Request, raw: string, mailbox: Mailbox): Answer | 'drop' {
  if (request.method !== 'POST' || !ROUTE.test(request.url ?? ''))
    return failure(404, 'NOT_FOUND', 'No such method.');
  if (!/^Bearer .+/.test(request.headers.authorization ?? '')) {
    return failure(401, 'UNAUTHENTICATED', 'Request is missing required authentication credential.');
  }
  const parsed = messageOf(raw);
  if (!parsed) return failure(400, 'INVALID_ARGUMENT', 'Invalid JSON payload received.');
  const { token, message, validateOnly } = parsed;
  if (token.startsWith('unregistered-')) {
    return failure(404, 'NOT_FOUND', 'Requested entity was not found.', 'UNREGISTERED');
  }
  if (token.startsWith('invalid-')) {
    return failure(400, 'INVALID_ARGUMENT', 'The registration token is not a valid FCM registration token');
  }
  if (token.startsWith('drop-')) return 'drop';
  if (!validateOnly && /^(quota|unavailable)-/.test(token) && mailbox.tried(token) < FAILING_TRIES) {
    if (token.startsWith('unavailable-'))
      return failure(503, 'UNAVAILABLE', 'The service is currently unavailable.');
    const quota = failure(429, 'RESOURCE_EXHAUSTED', 'Quota exceeded.', 'QUOTA_EXCEEDED');
    return { ...quota, headers: { 'retry-after': '1' } };
  }
  mailbox.add({
    token,
    notification: message['notification'] ?? null,
    data: message['data'] ?? null,
    android: bothSpellings(message['android']) ?? null,
    validate_only: validateOnly,
    received_at: new Date().toISOString(),
  });
  return { status: 200, body: { name: `projects/sandbox/messages/${randomUUID()}` } };
}

function messageOf(
  raw: string,
): { token: string; message: Record<string, unknown>; validateOnly: boolean } | undefined {
  try {
    const { message, validate_only } = JSON.parse(raw) as {
      message?: Record<string, unknown>;
      validate_only?: unknown;
    };
    const token = message?.['token'];
    if (!message || typeof token !== 'string' || token === '') return undefined;
    return { token, message, validateOnly: validate_only === true };
  } catch {
    // Not JSON: FCM answers INVALID_ARGUMENT, and so does the caller.
    return undefined;
  }
}

/** FCM takes `channel_id` and `channelId` for the same field; whoever looks finds it under either. */
function bothSpellings(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const all: Record<string, unknown> = {};
  for (const [name, inner] of Object.entries(value)) {
    all[name] = bothSpellings(inner);
    all[name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())] = all[name];
  }
  return all;
}

async function body(request: Request): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= MOST_BYTES) chunks.push(chunk);
  }
  return size > MOST_BYTES ? undefined : Buffer.concat(chunks).toString();
}

function send(response: Response, { status, body: content, headers = {} }: Answer): void {
  const text = JSON.stringify(content);
  const all = {
    'content-type': 'application/json; charset=UTF-8',
    'content-length': Buffer.byteLength(text),
    ...headers,
  };
  // The two responses' overloads differ, their behaviour here does not.
  (response as ServerResponse).writeHead(status, all);
  (response as ServerResponse).end(text);
}
