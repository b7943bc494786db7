import { Inject, Injectable, Logger } from '@nestjs/common';
import { KindlineError } from '@kindline/contracts';
import { PresenceDirectory } from '../presence/presence';
import type { IncomingMessage } from './incoming-message';
import type { Prepared } from './message-writer';
import { MESSAGES_HERE, type MessagesHere } from './messages-here';
import { type Roster, Rosters } from './rosters';

/** What is known of a message's surroundings; a conversation that is unknown or ended has no roster. */
export interface Surroundings extends Prepared {
  roster: Roster | undefined;
}

type Verdicts = (Surroundings | KindlineError)[];

/** What a batch needs to know before it is written: whose conversations, and who is not connected. */
@Injectable()
export class MessageSurroundings {
  private readonly logger = new Logger(MessageSurroundings.name);

  constructor(
    private readonly rosters: Rosters,
    private readonly presence: PresenceDirectory,
    @Inject(MESSAGES_HERE) private readonly here: MessagesHere,
  ) {}

  /** Answers at once where everything is known here; otherwise one query and one look at the directory a batch. */
  prepare(messages: IncomingMessage[]): Verdicts | Promise<Verdicts> {
    const rosters = messages.map(({ conversationId }) => this.rosters.get(conversationId));
    if (rosters.every((roster) => roster !== undefined)) return this.look(messages, rosters);
    return this.rosters.load(messages.map(({ conversationId }) => conversationId)).then((loaded) =>
      this.look(
        messages,
        messages.map(({ conversationId }, index) => rosters[index] ?? loaded.get(conversationId)),
      ),
    );
  }

  private look(messages: IncomingMessage[], rosters: (Roster | undefined)[]): Verdicts | Promise<Verdicts> {
    const elsewhere = new Set<string>();
    messages.forEach(({ senderId }, index) => {
      for (const id of rosters[index]?.memberIds ?? []) {
        if (id !== senderId && !this.here.has(id)) elsewhere.add(id);
      }
    });
    const judge = (online: ReadonlySet<string>): Verdicts =>
      messages.map((message, index) => this.verdict(message, rosters[index], online));
    if (elsewhere.size === 0) return judge(NOBODY);
    return this.presence
      .online([...elsewhere])
      .catch((err: unknown) => {
        // Better one push too many than a message nobody was told of; the worker looks again before it sends.
        this.logger.warn({ err }, 'presence is out of reach');
        return NOBODY;
      })
      .then(judge);
  }

  private verdict(
    message: IncomingMessage,
    roster: Roster | undefined,
    onlineElsewhere: ReadonlySet<string>,
  ): Surroundings | KindlineError {
    // Unknown or ended: storing it will say which.
    if (!roster) return { roster, absent: [] };
    if (roster.program !== message.program) {
      return new KindlineError('not_found', 'There is no such conversation');
    }
    if (message.toEmail !== undefined && !roster.members.some(({ email }) => email === message.toEmail)) {
      return new KindlineError('forbidden', 'reciever_mail does not belong to this conversation');
    }
    const absent = roster.memberIds.filter(
      (id) => id !== message.senderId && !this.here.has(id) && !onlineElsewhere.has(id),
    );
    return { roster, absent };
  }
}

const NOBODY: ReadonlySet<string> = new Set();
