import { Injectable } from '@nestjs/common';
import { type ChatSummary, KindlineError } from '@kindline/contracts';
import { AnonymousSessions, seatOf, SessionStore, unknownSession } from '@kindline/domain';
import { z } from 'zod';
import { LOCAL, SummaryWriter } from './summary/summary-writer';

const kept = z.object({ summary: z.string(), message_count: z.int(), generated_by: z.string() });

/** Summaries of sessions. A model's is kept in Redis, no longer than its session and until something is said. */
@Injectable()
export class SessionSummaries {
  /** Being written: who asks twice waits for the same one. */
  private readonly writing = new Map<string, Promise<ChatSummary>>();

  constructor(
    private readonly sessions: AnonymousSessions,
    private readonly store: SessionStore,
    private readonly writer: SummaryWriter,
  ) {}

  /** For the counsellor who has it, also after it has ended. @throws not_found, forbidden */
  async of(sessionId: string, personId: string): Promise<ChatSummary> {
    const session = await this.sessions.require(sessionId);
    const { id } = session;
    if (seatOf(session, personId) !== 'helper')
      throw new KindlineError('forbidden', 'This session is not yours');
    const summary = this.writing.get(id) ?? this.summarise(id);
    this.writing.set(id, summary);
    return summary.finally(() => this.writing.delete(id));
  }

  private async summarise(id: string): Promise<ChatSummary> {
    const [context, lines, last] = await Promise.all([
      this.store.look(id),
      this.store.after(id, 0),
      this.store.summary(id),
    ]);
    if (!context) throw unknownSession();
    const known = keptOf(last);
    if (known?.message_count === lines.length) return known;
    const written = await this.writer.write({
      topic: context.topic,
      messages: lines.map(({ side, content }) => ({
        role: side === 'seeker' ? 'student' : 'counselor',
        content,
      })),
    });
    const summary = { ...written, message_count: lines.length };
    // The local one is quickly made again, and stands in only as long as the model does not answer.
    if (summary.generated_by !== LOCAL) await this.store.keepSummary(id, JSON.stringify(summary));
    return summary;
  }
}

function keptOf(text: string | null): ChatSummary | undefined {
  if (text === null) return undefined;
  const parsed = kept.safeParse(JSON.parse(text));
  return parsed.success ? parsed.data : undefined;
}
