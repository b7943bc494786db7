import { migrate, schemaDrift } from '@kindline/database';
import { createTestDatabase, type TestDatabase } from '@kindline/testing';
import { DataSource } from 'typeorm';

describe('the schema', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.drop());

  it('is what the entities say: no migration is missing', async () => {
    expect(await schemaDrift(database.url)).toEqual([]);
  });

  it('shows drift when there is some', async () => {
    const dataSource = await new DataSource({ type: 'postgres', url: database.url }).initialize();
    await dataSource.query('ALTER TABLE feedback DROP COLUMN comment');
    expect((await schemaDrift(database.url)).join()).toContain('comment');
    await dataSource.query('ALTER TABLE feedback ADD COLUMN comment text');
    await dataSource.destroy();
  });

  it('can be migrated again without a change', async () => {
    await migrate(database.url);
    expect(await schemaDrift(database.url)).toEqual([]);
  });
});
