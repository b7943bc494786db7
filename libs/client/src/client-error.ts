import type { ClientError } from './api';

interface More {
  status?: number;
  errors?: readonly { path: string; message: string }[];
  details?: Readonly<Record<string, unknown>>;
  cause?: unknown;
}

/** The one kind of error this library throws. */
export class KindlineClientError extends Error implements ClientError {
  readonly status: number | null;
  readonly errors: readonly { path: string; message: string }[];
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    readonly code: string,
    message: string,
    { status, errors, details, cause }: More = {},
  ) {
    super(message, { cause });
    this.name = 'KindlineClientError';
    this.status = status ?? null;
    this.errors = errors ?? [];
    this.details = details ?? {};
  }

  /** The error itself, or whatever was thrown as an `internal` one. */
  static of(thrown: unknown): KindlineClientError {
    if (thrown instanceof KindlineClientError) return thrown;
    return new KindlineClientError('internal', thrown instanceof Error ? thrown.message : String(thrown), {
      cause: thrown,
    });
  }
}
