import { Inject, Injectable } from '@nestjs/common';
import type { PresenceChange } from '@kindline/contracts';
import {
  CHANNELS_PROGRAM,
  LastSeen,
  NEWS_PUBLISHER,
  type NewsPublisher,
  PresenceDirectory,
  type Program,
} from '@kindline/domain';
import { Gatherer } from '@kindline/platform';
import { GATEWAY_ID } from '../gateway-env';
import { Connections } from '../sockets/connections';

/** Who comes or leaves within this moment shares one query. */
const GATHER_MS = 50;
const MOST_AT_ONCE = 1_000;

interface Move {
  personId: string;
  /** When they left; null for who has come. */
  leftAt: Date | null;
}

/**
 * Tells those who share an open channel with somebody that they are there, or not any more, and nobody else. Who is
 * there is asked anew: what came and went within the moment of gathering is nothing to tell.
 */
@Injectable()
export class PresenceTeller {
  private readonly moves: Gatherer<Move, void>;
  /** The newest of those that nobody could be told of, because Redis was away. */
  private readonly untold = new Map<string, Move>();

  constructor(
    private readonly lastSeen: LastSeen,
    private readonly presence: PresenceDirectory,
    private readonly connections: Connections,
    @Inject(CHANNELS_PROGRAM) private readonly program: Program,
    @Inject(GATEWAY_ID) private readonly gatewayId: string,
    @Inject(NEWS_PUBLISHER) private readonly news: NewsPublisher,
  ) {
    this.moves = new Gatherer<Move, void>(
      async (moves) => {
        await this.tell(moves);
        return [];
      },
      { most: MOST_AT_ONCE, gatherMs: GATHER_MS },
    );
  }

  /** Somebody's first socket here has come. */
  async came(personId: string): Promise<void> {
    await this.moves.add({ personId, leftAt: null });
  }

  /** Somebody's last socket has gone here, or on a gateway that is gone. */
  async left(personIds: readonly string[], leftAt: Date): Promise<void> {
    await Promise.all(personIds.map((personId) => this.moves.add({ personId, leftAt })));
  }

  /** Tells what could not be told before, where it is still so. */
  async retry(): Promise<void> {
    const untold = [...this.untold.values()].filter(
      ({ personId, leftAt }) => this.connections.has(personId) === (leftAt === null),
    );
    this.untold.clear();
    await Promise.all(untold.map((move) => this.moves.add(move)));
  }

  async settled(): Promise<void> {
    await this.moves.settled();
  }

  private async tell(moves: Move[]): Promise<void> {
    const newest = new Map(moves.map((move) => [move.personId, move]));
    const watched = await this.lastSeen.watched(this.program, [...newest.keys()]);
    if (watched.length === 0) return;
    const gone = watched.flatMap(({ personId }) => {
      const at = newest.get(personId)?.leftAt;
      return at && !this.connections.has(personId) ? [{ personId, at }] : [];
    });
    // Before they are looked for: between that look and the news there must be no time to come back.
    if (gone.length > 0) await this.lastSeen.write(gone);
    const elsewhere = await this.presence
      .onlineElsewhere(
        this.gatewayId,
        watched.map(({ personId }) => personId),
      )
      // Nobody can be told either while Redis is away; but since when they are gone is kept.
      .catch((): ReadonlySet<string> => new Set());
    const changes: PresenceChange[] = [];
    const told: Move[] = [];
    for (const { personId, sub, viewerIds } of watched) {
      this.untold.delete(personId);
      if (elsewhere.has(personId)) continue;
      const leftAt = newest.get(personId)?.leftAt ?? null;
      const online = this.connections.has(personId);
      if (online !== (leftAt === null)) continue;
      told.push({ personId, leftAt });
      changes.push({ sub, online, lastSeen: leftAt?.toISOString() ?? null, viewerIds });
    }
    if (changes.length === 0) return;
    try {
      await this.news.publish('presence.changed.v1', { changes });
    } catch (err) {
      for (const move of told) this.untold.set(move.personId, move);
      throw err;
    }
  }
}
