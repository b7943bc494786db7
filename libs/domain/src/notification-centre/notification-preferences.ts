import { Inject, Injectable } from '@nestjs/common';
import { CATEGORIES, type Category, type PreferencesView, type PutPreferences } from '@kindline/contracts';
import { CLOCK, type Clock } from '@kindline/platform';
import { DataSource } from 'typeorm';

interface Row {
  opted_out: Category[];
  quiet_from: string | null;
  quiet_to: string | null;
  time_zone: string | null;
}

const COLUMNS = 'opted_out, quiet_from, quiet_to, time_zone';

/** What people want to be told of, and when not. Who never said anything wants everything at any time. */
@Injectable()
export class NotificationPreferences {
  constructor(
    private readonly dataSource: DataSource,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async get(personId: string): Promise<PreferencesView> {
    const [row] = await this.dataSource.query<Row[]>(
      `SELECT ${COLUMNS} FROM notification_preferences WHERE person_id = $1`,
      [personId],
    );
    return viewOf(row);
  }

  /** What is not named stays as it is, also when two devices change different things at once. */
  async put(personId: string, { categories = {}, quietHours }: PutPreferences): Promise<PreferencesView> {
    const named = (wanted: boolean): Category[] => CATEGORIES.filter((name) => categories[name] === wanted);
    const [row] = await this.dataSource.query<Row[]>(
      `INSERT INTO notification_preferences AS p (person_id, ${COLUMNS}, updated_at) VALUES ($1, $2::text[], $4, $5, $6, $8)
      ON CONFLICT (person_id) DO UPDATE SET
        opted_out = ARRAY(SELECT unnest(p.opted_out) UNION SELECT unnest($2::text[]) EXCEPT SELECT unnest($3::text[])),
        quiet_from = CASE WHEN $7 THEN $4 ELSE p.quiet_from END,
        quiet_to = CASE WHEN $7 THEN $5 ELSE p.quiet_to END,
        time_zone = CASE WHEN $7 THEN $6 ELSE p.time_zone END,
        updated_at = $8
      RETURNING ${COLUMNS}`,
      [
        personId,
        named(false),
        named(true),
        quietHours?.from ?? null,
        quietHours?.to ?? null,
        quietHours?.timeZone ?? null,
        quietHours !== undefined,
        this.clock.now(),
      ],
    );
    return viewOf(row);
  }
}

const NOTHING_SAID: Row = { opted_out: [], quiet_from: null, quiet_to: null, time_zone: null };

function viewOf(row: Row = NOTHING_SAID): PreferencesView {
  const { opted_out, quiet_from: from, quiet_to: to, time_zone: timeZone } = row;
  const wants = (name: Category): boolean => !opted_out.includes(name);
  return {
    categories: {
      transactional: wants('transactional'),
      messages: wants('messages'),
      reminders: wants('reminders'),
      promotional: wants('promotional'),
      product: wants('product'),
    },
    quietHours: from === null || to === null || timeZone === null ? null : { from, to, timeZone },
  };
}
