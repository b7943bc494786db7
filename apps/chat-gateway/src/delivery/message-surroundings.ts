import { Injectable, Logger } from '@nestjs/common';
import { KindlineError } from '@kindline/contracts';
import { type Prepared, PresenceDirectory, Programs } from '@kindline/domain';
import { GatewayMetrics } from '../gateway-metrics';
import { Connections } from '../sockets/connections';
import type { IncomingMessage } from './incoming-message';
import { type Roster, Rosters } from './roster';

/** What a batch needs to know before it is written: whose conversations, and who is not connected. */
@Injectable()
export class MessageSurroundings {
  private readonly logger = new Logger(MessageSurroundings.name);

  constructor(
    private readonly rosters: Rosters,
    private readonly connections: Connections,
    private readonly presence: PresenceDirectory,
    private readonly programs: Programs,
    private readonly metrics: GatewayMetrics,
  ) {}

  rosterOf(conversationId: string): Roster | undefined {
    return this.rosters.get(conversationId);
  }

  /** Answers at once where everything is known here; otherwise one query and one look at the directory a batch. */
  prepare(messages: IncomingMessage[]): (Prepared | KindlineError)[] | Promise<(Prepared | KindlineError)[]> {
    this.metrics.batch(messages.length);
    const known = messages.every((message) => this.rosters.get(message.conversationId));
    if (!known) {
      return this.rosters
        .load(messages.map((message) => message.conversationId))
        .then(() => this.look(messages));
    }
    return this.look(messages);
  }

  private look(
    messages: IncomingMessage[],
  ): (Prepared | KindlineError)[] | Promise<(Prepared | KindlineError)[]> {
    const elsewhere = new Set<string>();
    for (const { conversationId, senderId } of messages) {
      for (const id of this.rosters.get(conversationId)?.memberIds ?? []) {
        if (id !== senderId && !this.connections.has(id)) elsewhere.add(id);
      }
    }
    if (elsewhere.size === 0) return messages.map((message) => this.verdict(message, NOBODY));
    return this.presence
      .online([...elsewhere])
      .catch((err: unknown) => {
        // Better one push too many than a message nobody was told of; the worker looks again before it sends.
        this.logger.warn({ err }, 'presence is out of reach');
        return NOBODY;
      })
      .then((online) => messages.map((message) => this.verdict(message, online)));
  }

  private verdict(message: IncomingMessage, onlineElsewhere: ReadonlySet<string>): Prepared | KindlineError {
    const roster = this.rosters.get(message.conversationId);
    // Unknown or ended: storing it will say which.
    if (!roster) return NOTHING_KNOWN;
    if (message.toEmail !== undefined && !roster.members.some(({ email }) => email === message.toEmail)) {
      return new KindlineError('forbidden', 'reciever_mail does not belong to this conversation');
    }
    const absent = roster.memberIds.filter(
      (id) => id !== message.senderId && !this.connections.has(id) && !onlineElsewhere.has(id),
    );
    if (absent.length === 0) return NOTHING_KNOWN;
    return { absent, pushEvery: this.programs.get(roster.program).pushEvery };
  }
}

const NOBODY: ReadonlySet<string> = new Set();
const NOTHING_KNOWN: Prepared = { absent: [], pushEvery: null };
