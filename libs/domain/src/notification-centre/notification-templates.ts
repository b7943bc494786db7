import { Inject, Injectable } from '@nestjs/common';
import { type Category, KindlineError, type TemplateView } from '@kindline/contracts';
import { inTransaction, updated, uuidV7 } from '@kindline/database';
import { CLOCK, type Clock } from '@kindline/platform';
import { DataSource } from 'typeorm';
import { BOOKING_KIND } from '../bookings/booking-kind';
import { AuditLog } from '../people/audit-log';
import { Programs } from '../programs/programs';
import { checkTexts, checkTextsOfKind, type Texts, variablesOf } from './announcement-text';

export interface NewTemplate extends Texts {
  name?: string | undefined;
  category?: Category | undefined;
}

interface Row extends Omit<TemplateView, 'variables' | 'created_at' | 'updated_at'> {
  created_at: Date;
  updated_at: Date;
}

const COLUMNS = 'id, name, category, title, body, created_at, updated_at';

/**
 * Titles and bodies with variables. One whose id is a kind of notification, such as `message`, is what the operator
 * has that kind say; the others are for announcements.
 */
@Injectable()
export class NotificationTemplates {
  private readonly kinds: ReadonlySet<string>;

  constructor(
    private readonly dataSource: DataSource,
    private readonly audit: AuditLog,
    programs: Programs,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    const kinds = programs.all().flatMap(({ notifications }) => Object.values(notifications));
    this.kinds = new Set([BOOKING_KIND, ...kinds].map(({ kind }) => kind));
  }

  async list(): Promise<TemplateView[]> {
    const rows = await this.dataSource.query<Row[]>(
      `SELECT ${COLUMNS} FROM notification_templates ORDER BY id`,
    );
    return rows.map(viewOf);
  }

  /** @throws not_found */
  async get(id: string): Promise<TemplateView> {
    const [row] = await this.dataSource.query<Row[]>(
      `SELECT ${COLUMNS} FROM notification_templates WHERE id = $1`,
      [id],
    );
    return viewOf(found(row));
  }

  /**
   * @param id absent: a new one
   * @param actor who does it, for the audit log
   * @throws validation_failed for texts that could not be filled, conflict when the id is taken
   */
  async create(id: string | undefined, template: NewTemplate, actor: string): Promise<TemplateView> {
    const row = await this.write(id ?? uuidV7(), template, 'DO NOTHING', 'create template', actor);
    if (!row) throw new KindlineError('conflict', 'There is a template with this id already');
    return viewOf(row);
  }

  /** Makes it or replaces it as a whole. @throws validation_failed */
  async put(id: string, template: NewTemplate, actor: string): Promise<TemplateView> {
    const replace = `(id) DO UPDATE SET name = excluded.name, category = excluded.category, title = excluded.title,
      body = excluded.body, updated_at = excluded.updated_at`;
    return viewOf(found(await this.write(id, template, replace, 'put template', actor)));
  }

  /** What was announced with it keeps its texts. @throws not_found */
  async remove(id: string, actor: string): Promise<void> {
    await inTransaction(this.dataSource, async (manager) => {
      const [row] = await updated<{ id: string }>(
        manager,
        `DELETE FROM notification_templates WHERE id = $1 RETURNING id`,
        [id],
      );
      found(row);
      await this.audit.record({ actor, action: 'remove template', subject: id }, manager);
    });
  }

  private async write(
    id: string,
    template: NewTemplate,
    onConflict: string,
    action: string,
    actor: string,
  ): Promise<Row | undefined> {
    const { name = null, category = null, title, body } = template;
    checkTexts(template);
    if (this.kinds.has(id)) checkTextsOfKind(template);
    return inTransaction(this.dataSource, async (manager) => {
      const [row] = await manager.query<Row[]>(
        `INSERT INTO notification_templates (${COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $6)
        ON CONFLICT ${onConflict} RETURNING ${COLUMNS}`,
        [id, name, category, title, body, this.clock.now()],
      );
      if (row) await this.audit.record({ actor, action, subject: id }, manager);
      return row;
    });
  }
}

function found<T>(row: T | undefined): T {
  if (row === undefined) throw new KindlineError('not_found', 'There is no such template');
  return row;
}

function viewOf({ created_at, updated_at, ...row }: Row): TemplateView {
  return {
    ...row,
    variables: [...new Set([row.title, row.body].flatMap(variablesOf))],
    created_at: created_at.toISOString(),
    updated_at: updated_at.toISOString(),
  };
}
