import { Inject, Injectable } from '@nestjs/common';
import type { ProgramName, TransportNews } from '@kindline/contracts';
import { SessionAnnouncements } from '../anonymous/session-announcements';
import { CallRecords } from '../calls/call-records';
import type { TaskHandlers } from '../jobs/job-worker';
import { NewsReader } from './news-reader';

/** Publishes news to every gateway; rejects while Redis is away, so that the job is tried again. */
export interface NewsPublisher {
  publish<Name extends keyof TransportNews>(name: Name, news: TransportNews[Name]): Promise<void>;
}
export const NEWS_PUBLISHER = Symbol('NEWS_PUBLISHER');

/**
 * Executes announcements: reads the state as it is now and publishes it. What the world has moved past
 * is not published, so a late or repeated job does no harm.
 */
@Injectable()
export class Announcer {
  constructor(
    private readonly reader: NewsReader,
    private readonly calls: CallRecords,
    private readonly sessions: SessionAnnouncements,
    @Inject(NEWS_PUBLISHER) private readonly publisher: NewsPublisher,
  ) {}

  readonly tasks: TaskHandlers = {
    'request.invited': async ({ requestId, round, asked }) =>
      this.publish(
        'request.invited.v1',
        await this.reader.invited(String(requestId), Number(round), Number(asked)),
      ),
    'request.accepted': async ({ requestId }) =>
      this.publish('request.accepted.v1', await this.reader.accepted(String(requestId))),
    'request.closed': async ({ requestId }) =>
      this.publish('request.closed.v1', await this.reader.closed(String(requestId))),
    'conversation.started': async ({ conversationId }) =>
      this.publish('conversation.started.v1', await this.reader.started(String(conversationId))),
    'conversation.changed': async ({ conversationId }) =>
      this.publish('conversation.changed.v1', await this.reader.changed(String(conversationId))),
    'conversation.ended': async ({ conversationId }) =>
      this.publish('conversation.ended.v1', await this.reader.ended(String(conversationId))),
    'call.ended': async ({ callId }) => this.publish('call.ended.v1', await this.calls.ended(String(callId))),
    'session.changed': async ({ sessionId, formerHelperId }) =>
      this.publish(
        'session.changed.v1',
        await this.sessions.changed(
          String(sessionId),
          formerHelperId === null ? null : String(formerHelperId),
        ),
      ),
    'session.forgotten': async (gone) => this.publish('session.changed.v1', this.sessions.forgotten(gone)),
    'session.queue': async ({ program }) =>
      this.publish('session.queue.v1', { program: program as ProgramName }),
    'helpers.changed': ({ program, helperIds }) =>
      this.publish('helpers.changed.v1', {
        program: program as ProgramName,
        helperIds: Array.isArray(helperIds) ? helperIds : [],
      }),
  };

  private async publish<Name extends keyof TransportNews>(
    name: Name,
    news: TransportNews[Name] | undefined,
  ): Promise<void> {
    if (news) await this.publisher.publish(name, news);
  }
}
