import { type ChatLine, KindlineError } from '@kindline/contracts';
import type { SessionLine } from '@kindline/domain';

/** A message as its people see it. Its id has its time as well: places repeat where Redis came back with less. */
export const lineView = (sessionId: string, { seq, at, from, content }: SessionLine): ChatLine => ({
  id: `${sessionId}:${seq}-${at}`,
  sessionId,
  from,
  content,
  timestamp: new Date(at).toISOString(),
  type: 'chat_message',
});

/** Before which message or moment to look: a message's id, or a time. @throws validation_failed */
export function boundOf(sessionId: string, before: string): number | Date {
  const [id, seq] = before.split(/:(\d{1,9})-\d{1,16}$/);
  if (id === sessionId && seq !== undefined) return Number(seq);
  const time = new Date(before);
  if (/^\d{4}-\d\d-\d\dT/.test(before) && !Number.isNaN(time.getTime())) return time;
  const message = 'must be the id or the timestamp of a message of this session';
  throw new KindlineError('validation_failed', `before: ${message}`, {
    errors: [{ path: 'before', message }],
  });
}
