import type { createPool } from '@kindline/database';

/** Connections of a message writer: its two lanes, and one to spare. */
export const WRITER_CONNECTIONS = 3;

/** Nest token: the writer's own connections, so that slow reads never stand in front of a message. */
export const WRITER_POOL = Symbol('WRITER_POOL');
export type WriterPool = ReturnType<typeof createPool>;

/** A message that is not stored by then is answered with an error, and its sender tries again. */
export const WRITE_TIMEOUT_MS = 10_000;
