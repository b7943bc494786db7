import { Inject, Injectable } from '@nestjs/common';
import { uuidV7 } from '@kindline/database';
import { CLOCK, type Clock } from '@kindline/platform';
import { DataSource } from 'typeorm';

/** How often a gateway says that its sessions live, and when silent ones are taken for ended. */
export const SESSION_SEEN_EVERY_MS = 30_000;
export const SESSION_SILENT_MS = 120_000;

/** What was not seen since then is silent, also while no gateway is left that could end it. */
export const silentSince = (now: Date): Date => new Date(now.getTime() - SESSION_SILENT_MS);

/** Facilitators' sockets: connected, last seen, ended. An open session that is not silent means online. */
@Injectable()
export class FacilitatorSessions {
  constructor(
    private readonly dataSource: DataSource,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @returns the session's id */
  async open(facilitatorId: string, gatewayId: string, socketId: string): Promise<string> {
    const id = uuidV7(this.clock.now().getTime());
    await this.dataSource.query(
      `INSERT INTO facilitator_sessions (id, facilitator_id, gateway_id, socket_id, connected_at, last_seen_at)
      VALUES ($1, $2, $3, $4, $5, $5)`,
      [id, facilitatorId, gatewayId, socketId, this.clock.now()],
    );
    return id;
  }

  async end(ids: readonly string[], at: Date): Promise<void> {
    await this.dataSource.query(
      `UPDATE facilitator_sessions SET ended_at = $2, last_seen_at = $2 WHERE id = ANY ($1::uuid[]) AND ended_at IS NULL`,
      [ids, at],
    );
  }

  /** Sockets that live: their sessions were seen now, and are open, whoever gave them up meanwhile. */
  async seen(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    await this.dataSource.query(
      `UPDATE facilitator_sessions SET last_seen_at = $2, ended_at = NULL WHERE id = ANY ($1::uuid[])`,
      [ids, this.clock.now()],
    );
  }

  /** Ends the sessions of a gateway that is gone; `at` is when it was last known to live. */
  async endOf(gatewayId: string, at: Date): Promise<void> {
    await this.dataSource.query(
      `UPDATE facilitator_sessions SET ended_at = greatest($2, connected_at), last_seen_at = greatest($2, connected_at)
      WHERE gateway_id = $1 AND ended_at IS NULL`,
      [gatewayId, at],
    );
  }

  /** Ends what nobody has seen for long: their gateway died, and Redis forgot that it had lived. */
  async endSilent(): Promise<void> {
    await this.dataSource.query(
      `UPDATE facilitator_sessions SET ended_at = last_seen_at WHERE ended_at IS NULL AND last_seen_at < $1`,
      [silentSince(this.clock.now())],
    );
  }

  /** Facilitators with an open session. Uses facilitator_sessions_open. */
  async online(): Promise<number> {
    const [row] = await this.dataSource.query<{ online: number }[]>(
      `SELECT count(DISTINCT facilitator_id)::int AS online FROM facilitator_sessions
      WHERE ended_at IS NULL AND last_seen_at > $1`,
      [silentSince(this.clock.now())],
    );
    return row?.online ?? 0;
  }

  /** Open ones, and ended ones that are still kept. */
  async count(): Promise<number> {
    const [row] = await this.dataSource.query<{ count: number }[]>(
      `SELECT count(*)::int AS count FROM facilitator_sessions`,
    );
    return row?.count ?? 0;
  }
}
