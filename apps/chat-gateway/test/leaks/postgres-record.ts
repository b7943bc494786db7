import type { Pool } from 'pg';

/** A row as text, and the table it stands in. */
export interface Row {
  table: string;
  text: string;
}

const TABLES = `SELECT format('%I.%I', table_schema, table_name) AS name FROM information_schema.tables
  WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema', 'kept')`;

const RECORD = `
  CREATE SCHEMA kept;
  CREATE TABLE kept.rows ("table" text NOT NULL, text text NOT NULL);
  CREATE FUNCTION kept.keep() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      INSERT INTO kept.rows VALUES (format('%I.%I', TG_TABLE_SCHEMA, TG_TABLE_NAME), to_jsonb(NEW)::text);
      RETURN NULL;
    END $$`;

/** Everything that a database holds, and everything it ever held since `begin`: rows may live for a moment only. */
export class PostgresRecord {
  private constructor(
    private readonly sql: Pool,
    readonly tables: readonly string[],
  ) {}

  static async begin(sql: Pool): Promise<PostgresRecord> {
    const { rows } = await sql.query<{ name: string }>(TABLES);
    const tables = rows.map(({ name }) => name);
    await sql.query(RECORD);
    for (const table of tables) {
      await sql.query(
        `CREATE TRIGGER keep AFTER INSERT OR UPDATE ON ${table} FOR EACH ROW EXECUTE FUNCTION kept.keep()`,
      );
    }
    return new PostgresRecord(sql, tables);
  }

  /** Every row of every table at one moment. */
  async now(): Promise<Row[]> {
    const all = this.tables.map(
      (name) => `SELECT '${name}' AS "table", to_jsonb(t)::text AS text FROM ${name} t`,
    );
    return (await this.sql.query<Row>(all.join(' UNION ALL '))).rows;
  }

  /** Every version of every row that was ever written. */
  async ever(): Promise<Row[]> {
    return (await this.sql.query<Row>('SELECT "table", text FROM kept.rows')).rows;
  }
}
