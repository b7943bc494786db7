/** One offending field: a path such as `user.email` and a sentence. */
export interface FieldError {
  path: string;
  message: string;
}

export interface BackendErrorDetails {
  status?: number | undefined;
  errors?: FieldError[] | undefined;
  eventId?: string | undefined;
  maybeStored?: boolean | undefined;
  cause?: unknown;
}

/** Why a booking was not published, or the socket not opened. */
export class KindlineBackendError extends Error {
  /** Kindline's own code (`validation_failed`, `conflict`, …) or one of this client's; stable. */
  readonly code: string;
  /** Of the HTTP answer, if there was one. */
  readonly status: number | undefined;
  /** The fields that were not valid. */
  readonly errors: FieldError[] | undefined;
  /** Publish with it again, and nothing is stored twice. */
  readonly eventId: string | undefined;
  /** Whether an attempt's outcome is unknown, so that the booking may have been stored all the same. */
  readonly maybeStored: boolean;

  constructor(code: string, message: string, details: BackendErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'KindlineBackendError';
    this.code = code;
    this.status = details.status;
    this.errors = details.errors;
    this.eventId = details.eventId;
    this.maybeStored = details.maybeStored ?? false;
  }
}
