import type { BookingStatus } from './booking';
import type { FieldError } from './kindline-backend-error';

/** Kindline has taken the booking. */
export interface Accepted {
  ok: true;
  notificationId: string;
  status: BookingStatus;
}

/** An attempt that came to nothing, as far as we know. */
export interface Failure {
  ok: false;
  code: string;
  message: string;
  status?: number;
  errors?: FieldError[];
  cause?: unknown;
  /** Whether trying again can help. */
  retry: boolean;
  /** How long the server asked us to wait. */
  retryAfterMs?: number;
  /** Whether the booking may have been stored, because the attempt ended without a clear no. */
  unclear: boolean;
}

export type Outcome = Accepted | Failure;

/** What one request said: something of each booking in the order sent, or nothing of any. */
export type Answer = { each: Outcome[] } | { none: Failure };
