import { createDataSource, createPool, migrate, pendingMigrations } from '@kindline/database';
import {
  buildServices,
  createTestDatabase,
  eventually,
  startRedis,
  startServiceProcess,
  TEST_JWT_SECRET,
  type TestDatabase,
} from '@kindline/testing';
import type { Pool } from 'pg';
import type { DataSource } from 'typeorm';

jest.setTimeout(60_000);

describe('migrating a database that is in use', () => {
  let database: TestDatabase;
  let dataSource: DataSource;
  let sql: Pool;

  beforeAll(async () => {
    database = await createTestDatabase();
    dataSource = await createDataSource({ url: database.url, poolSize: 1 }).initialize();
    sql = createPool(database.url, 'test', 4);
  });
  afterAll(async () => {
    await dataSource.destroy();
    await sql.end();
    await database.drop();
  });

  it('lets others pass while a table is locked, and goes on when it is free', async () => {
    // Back to where one is pending that changes a table as a whole.
    await dataSource.undoLastMigration();
    await dataSource.undoLastMigration();
    const pending = await pendingMigrations(dataSource);
    expect(pending[0]).toMatch(/^NotificationCentre/);
    const holder = await sql.connect();
    let waited = 0;
    let longest = 0;
    let migrating = true;
    const reader = (async () => {
      while (migrating) {
        const began = performance.now();
        await sql.query('SELECT count(*) FROM notifications');
        longest = Math.max(longest, performance.now() - began);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    })();
    await holder.query('BEGIN');
    await holder.query('LOCK TABLE notifications IN ACCESS SHARE MODE');
    const done = migrate(database.url, () => void waited++);
    await new Promise((resolve) => setTimeout(resolve, 7_000));
    expect(waited).toBeGreaterThan(0);
    expect(await pendingMigrations(dataSource)).toEqual(pending);
    await holder.query('COMMIT');
    holder.release();
    await done;
    migrating = false;
    await reader;
    expect(await pendingMigrations(dataSource)).toEqual([]);
    // Two seconds, and room for a slow machine; without a limit it would have been seven.
    expect(longest).toBeLessThan(4_000);
  });

  it('lets others pass also where a queue is brought up to date', async () => {
    const holder = await sql.connect();
    await holder.query('BEGIN');
    await holder.query('LOCK TABLE timers.migrations IN ACCESS EXCLUSIVE MODE');
    let waited = 0;
    const done = migrate(database.url, () => void waited++);
    await eventually('it has let others pass', () => waited > 0, 10_000);
    await holder.query('ROLLBACK');
    holder.release();
    await done;
  });

  it('is asked for by a service that finds its database behind, and not by one that finds it ahead', async () => {
    const redis = await startRedis();
    const env = {
      DATABASE_URL: database.url,
      REDIS_URL: redis.url,
      JWT_SECRET: TEST_JWT_SECRET,
      NODE_ENV: 'test',
      SCHEDULER_PORT: '0',
    };
    const [{ name }] = (
      await sql.query<{ name: string }>('SELECT name FROM migrations ORDER BY id DESC LIMIT 1')
    ).rows as [{ name: string }];
    await sql.query('DELETE FROM migrations WHERE name = $1', [name]);
    const build = buildServices();
    const start = () => startServiceProcess(build, 'scheduler', env);
    await expect(start()).rejects.toThrow(
      `The database in DATABASE_URL lacks 1 migrations of this version, the first of them ${name}; run the migrations`,
    );
    await sql.query(`INSERT INTO migrations ("timestamp", name) VALUES (1, $1), (2, 'OfTheNextVersion')`, [
      name,
    ]);
    expect(await (await start()).stop()).toBe(0);
    build.remove();
    await redis.dispose();
  });
});
