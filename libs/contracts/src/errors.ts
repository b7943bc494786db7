/**
 * The catalogue of errors: every code a client can see, its HTTP status and its title.
 * Codes are stable; sentences (`detail`) may change.
 */
export const ERROR_CATALOGUE = {
  validation_failed: { status: 400, title: 'The input is not valid' },
  unauthenticated: { status: 401, title: 'A valid token is required' },
  forbidden: { status: 403, title: 'Not allowed' },
  email_taken: { status: 403, title: 'This e-mail belongs to another account' },
  not_invited: { status: 403, title: 'You were not asked for this request' },
  not_found: { status: 404, title: 'Not found' },
  method_not_allowed: { status: 405, title: 'Method not allowed' },
  already_accepted: { status: 409, title: 'Somebody else accepted this request' },
  already_claimed: { status: 409, title: 'Somebody else has claimed this channel' },
  at_capacity: { status: 409, title: 'You have as many open conversations as you can hold' },
  request_already_pending: { status: 409, title: 'A request is pending already' },
  request_not_pending: { status: 409, title: 'The request is not pending any more' },
  conversation_ended: { status: 409, title: 'The conversation has ended' },
  busy: { status: 409, title: 'One of you is in another call' },
  answered_elsewhere: { status: 409, title: 'The call is carried by another device' },
  feedback_already_given: { status: 409, title: 'Feedback was given already' },
  conflict: { status: 409, title: 'The state has changed meanwhile' },
  too_large: { status: 413, title: 'The input is too large' },
  unsupported_media_type: { status: 415, title: 'The media type is not supported' },
  rate_limited: { status: 429, title: 'Too many requests' },
  internal: { status: 500, title: 'Something went wrong' },
  unavailable: { status: 503, title: 'Temporarily unavailable, try again' },
} as const satisfies Record<string, { status: number; title: string }>;

export type ErrorCode = keyof typeof ERROR_CATALOGUE;

/** One offending field of an input: a JSON path such as `user.email` and a sentence. */
export interface FieldError {
  path: string;
  message: string;
}

/** RFC 9457 body of every HTTP error. `extra` members of an error (e.g. `session_id`) stand beside these. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: ErrorCode;
  errors?: FieldError[];
}

/** What an ack callback gets when an event failed. */
export interface AckFailure {
  ok: false;
  error: { code: ErrorCode; message: string; errors?: FieldError[] } & Record<string, unknown>;
}

/** What an ack callback gets when an event succeeded. */
export type AckSuccess<T extends object = object> = { ok: true } & T;
export type Ack<T extends object = object> = AckSuccess<T> | AckFailure;

/**
 * A failure with a code from the catalogue. Domain code throws it, adapters translate it to HTTP, acks
 * and dialect events. `extra` is shown to the client: never put secrets or other people's data into it.
 */
export class KindlineError extends Error {
  constructor(
    readonly code: ErrorCode,
    message: string = ERROR_CATALOGUE[code].title,
    readonly details: { errors?: FieldError[]; extra?: Record<string, unknown>; retryAfterS?: number } = {},
  ) {
    super(message);
    this.name = 'KindlineError';
  }

  get status(): number {
    return ERROR_CATALOGUE[this.code].status;
  }
}
