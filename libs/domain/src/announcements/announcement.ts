import type { NewJob } from '@kindline/database';

/**
 * Low-rate events that every gateway must hear. A job with ids is written in the transaction of the
 * change; the announcer reads the state and publishes it as news.
 */
export type Announcement =
  | { task: 'request.invited'; requestId: string; round: number; asked: number }
  | { task: 'request.accepted'; requestId: string }
  | { task: 'request.closed'; requestId: string }
  | { task: 'conversation.started'; conversationId: string }
  | { task: 'conversation.changed'; conversationId: string }
  | { task: 'conversation.ended'; conversationId: string }
  | { task: 'call.ended'; callId: string }
  | { task: 'session.changed'; sessionId: string; formerHelperId: string | null }
  | {
      task: 'session.forgotten';
      sessionId: string;
      program: string;
      seekerId: string;
      helperId: string | null;
      version: number;
    }
  | { task: 'session.queue'; program: string }
  | { task: 'helpers.changed'; program: string; helperIds: string[] };

export function announce({ task, ...payload }: Announcement): NewJob {
  return { queue: 'announce', task, payload };
}
