import { Inject, Injectable } from '@nestjs/common';
import { KindlineError } from '@kindline/contracts';
import { violatedConstraint } from '@kindline/database';
import { CLOCK, type Clock } from '@kindline/platform';
import { DataSource } from 'typeorm';
import { Conversations } from '../conversations/conversations';

export interface GivenFeedback {
  conversation_id: string;
  rating: number;
  comment: string | null;
  created_at: string;
}

/** The seeker's judgement of a conversation. */
@Injectable()
export class Feedback {
  constructor(
    private readonly dataSource: DataSource,
    private readonly conversations: Conversations,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @throws forbidden for anybody but its seeker, feedback_already_given */
  async give(
    conversationId: string,
    seekerId: string,
    { rating, comment }: { rating: number; comment?: string | undefined },
  ): Promise<GivenFeedback> {
    await this.conversations.requireMember(conversationId, seekerId, 'seeker');
    const now = this.clock.now();
    try {
      await this.dataSource.query(
        `INSERT INTO feedback (conversation_id, seeker_id, helper_id, rating, comment, created_at)
        VALUES ($1, $2, (SELECT person_id FROM conversation_members
          WHERE conversation_id = $1 AND role = 'helper' LIMIT 1), $3, $4, $5)`,
        [conversationId, seekerId, rating, comment ?? null, now],
      );
    } catch (error) {
      if (violatedConstraint(error) === 'feedback_pkey') throw new KindlineError('feedback_already_given');
      throw error;
    }
    return {
      conversation_id: conversationId,
      rating,
      comment: comment ?? null,
      created_at: now.toISOString(),
    };
  }
}
