import { Inject, Injectable, Logger } from '@nestjs/common';
import { CallSides, FacilitatorSessions, PresenceDirectory, PUSH_DELAY_MS } from '@kindline/domain';
import { CLOCK, type Clock } from '@kindline/platform';
import { DataSource } from 'typeorm';
import { AbsentSides } from '../counseling/absent-sides';
import { PresenceTeller } from '../support/presence-teller';
import { SILENCE_MS } from './silence';

/** People who leave within this moment share one query. */
const GATHER_MS = 50;

/**
 * Looks after messages that were emitted to a socket just before it fell silent: a phone that lost its
 * network looks connected until its ping times out. What its person has not read is marked for a push;
 * the worker looks again whether they are connected before it sends.
 */
@Injectable()
export class Absence {
  private readonly logger = new Logger(Absence.name);
  private readonly leaving = new Map<string, Date>();
  private timer: NodeJS.Timeout | undefined;
  private work: Promise<void> = Promise.resolve();

  constructor(
    private readonly dataSource: DataSource,
    private readonly presence: PresenceDirectory,
    private readonly sessions: FacilitatorSessions,
    private readonly calls: CallSides,
    private readonly absent: AbsentSides,
    private readonly teller: PresenceTeller,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** The person's last socket here is gone; messages since `silentForMs` ago may not have arrived. */
  left(personId: string, silentForMs: number): void {
    const since = new Date(this.clock.now().getTime() - silentForMs);
    const earlier = this.leaving.get(personId);
    this.leaving.set(personId, earlier && earlier < since ? earlier : since);
    this.timer ??= setTimeout(() => this.flush(), GATHER_MS);
  }

  /** Marks at once what is waiting to be marked. */
  async flush(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    const leaving = [...this.leaving];
    this.leaving.clear();
    if (leaving.length > 0) {
      this.work = this.work.then(async () => {
        await this.mark(leaving);
      });
    }
    await this.work;
  }

  /** Gateways whose lease lapsed: their people are treated as if they had disconnected. */
  async sweep(): Promise<void> {
    for (const { gatewayId, personIds, servedUntil, leftInOrder } of await this.presence.lapsed()) {
      const away = await this.awayOf(personIds);
      const gone = { gatewayId, people: personIds.length, away: away.length };
      if (leftInOrder) this.logger.log(gone, 'a gateway has left');
      else this.logger.warn(gone, 'a gateway is gone');
      // However late this is noticed: what it emitted to phones that had already fallen silent counts, too.
      const since = new Date(servedUntil - SILENCE_MS);
      const marked = await this.mark(away.map((personId) => [personId, since]));
      const ended = await this.endSessions(gatewayId, new Date(servedUntil));
      const lost = await this.loseCalls(gatewayId, new Date(servedUntil));
      const missed = await this.loseSeats(gatewayId, since);
      const told = await this.tellOf(away, new Date(servedUntil));
      // Otherwise the lease stays lapsed, and the next sweep tries again.
      if (marked && ended && lost && missed && told) await this.presence.release(gatewayId);
    }
  }

  /** Those of them who have not come back elsewhere. */
  private async awayOf(personIds: string[]): Promise<string[]> {
    const back = await this.presence.online(personIds);
    return personIds.filter((personId) => !back.has(personId));
  }

  /** @returns false when it could not be done. */
  private async endSessions(gatewayId: string, at: Date): Promise<boolean> {
    try {
      await this.sessions.endOf(gatewayId, at);
      return true;
    } catch (err) {
      this.logger.error({ err, gatewayId }, 'facilitator sessions of a lost gateway could not be ended');
      return false;
    }
  }

  /** @returns false when it could not be done. */
  private async loseCalls(gatewayId: string, at: Date): Promise<boolean> {
    try {
      await this.calls.gatewayLost(gatewayId, at);
      return true;
    } catch (err) {
      this.logger.error({ err, gatewayId }, 'calls that a lost gateway carried could not be marked');
      return false;
    }
  }

  /** @returns false when it could not be done. */
  private async loseSeats(gatewayId: string, since: Date): Promise<boolean> {
    try {
      await this.absent.gatewayLost(gatewayId, since);
      return true;
    } catch (err) {
      this.logger.error({ err, gatewayId }, 'seats of a lost gateway could not be given back');
      return false;
    }
  }

  /** @returns false when it could not be done. */
  private async tellOf(personIds: string[], at: Date): Promise<boolean> {
    try {
      await this.teller.left(personIds, at);
      return true;
    } catch (err) {
      this.logger.error(
        { err, people: personIds.length },
        'it could not be told who left with a lost gateway',
      );
      return false;
    }
  }

  /** @returns false when it could not be done. */
  private async mark(leaving: [personId: string, since: Date][]): Promise<boolean> {
    try {
      await this.dataSource.query(
        `UPDATE conversation_members m SET push_due_at = $3::timestamptz + $4 * interval '1 ms'
        FROM unnest($1::uuid[], $2::timestamptz[]) AS gone (person_id, since), conversations c
        WHERE m.person_id = gone.person_id AND m.open AND m.push_due_at IS NULL
          AND c.id = m.conversation_id AND c.last_seq > m.last_read_seq AND c.last_message_at >= gone.since
          AND EXISTS (SELECT FROM messages t
            WHERE t.conversation_id = c.id AND t.seq > m.last_read_seq AND t.created_at >= gone.since
              AND t.sender_id IS DISTINCT FROM m.person_id)`,
        [leaving.map(([id]) => id), leaving.map(([, since]) => since), this.clock.now(), PUSH_DELAY_MS],
      );
      return true;
    } catch (err) {
      this.logger.error({ err, people: leaving.length }, 'those who left could not be marked for a push');
      return false;
    }
  }
}
