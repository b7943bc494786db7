import { Inject, Injectable } from '@nestjs/common';
import type { AuditEntry, AuditLog as Log } from '@kindline/auth';
import { uuidV7 } from '@kindline/database';
import { CLOCK, type Clock } from '@kindline/platform';
import { DataSource, type EntityManager } from 'typeorm';

/** Writes who did what in whose name; entries are kept, never changed. */
@Injectable()
export class AuditLog implements Log {
  constructor(
    private readonly dataSource: DataSource,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @param manager the transaction of what is recorded, where it changes something */
  async record(
    { actor, action, personId, subject }: AuditEntry,
    manager: EntityManager = this.dataSource.manager,
  ): Promise<void> {
    await manager.query(
      `INSERT INTO audit_log (id, at, actor, action, person_id, subject) VALUES ($1, $2, $3, $4, $5, $6)`,
      [uuidV7(), this.clock.now(), actor, action, personId ?? null, subject ?? null],
    );
  }
}
