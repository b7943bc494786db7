import { Injectable, Logger } from '@nestjs/common';
import { extractiveSummary } from './extractive-summary';
import { ModelFailure } from './model-failure';
import type { ModelSummary } from './model-summary';
import type { SummaryConversation } from './summary-conversation';

export interface Summary {
  summary: string;
  /** `local`, or the configured model's name. */
  generated_by: string;
}

/** What is said to have made a summary that was made here. */
export const LOCAL = 'local';

/** Summarises a conversation for its counsellor: by the model if there is one and it answers, else locally. */
@Injectable()
export class SummaryWriter {
  private readonly logger = new Logger(SummaryWriter.name);

  constructor(private readonly model?: ModelSummary) {}

  async write(conversation: SummaryConversation): Promise<Summary> {
    if (this.model && conversation.messages.length > 0) {
      try {
        return { summary: await this.model.write(conversation), generated_by: this.model.model };
      } catch (error) {
        this.logFailure(error);
      }
    }
    return { summary: await extractiveSummary(conversation), generated_by: LOCAL };
  }

  /** Never the error itself: what it says may quote the conversation. */
  private logFailure(error: unknown): void {
    const { kind, status } =
      error instanceof ModelFailure ? error : { kind: 'unexpected', status: undefined };
    this.logger.warn({ kind, status }, 'the model wrote no summary, the local one stands in');
  }
}
