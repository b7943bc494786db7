import { createTestDatabase, type TestDatabase } from '@kindline/testing';
import { Client } from 'pg';
import { arrayLiteral } from './array-literal';

describe('arrayLiteral', () => {
  let database: TestDatabase;
  let client: Client;
  beforeAll(async () => {
    database = await createTestDatabase();
    client = new Client(database.url);
    await client.connect();
  });
  afterAll(async () => {
    await client.end();
    await database.drop();
  });

  it('is read by Postgres as what was given', async () => {
    const values = [
      'plain',
      '',
      ' ',
      'null',
      'NULL',
      null,
      'with "quotes" and \\ and {braces}, commas',
      "it's\nseveral\tlines\r\n",
      '’äß漢字🙂\u0001',
      '01a1fcde-0ce0-7da4-aef3-443ec0f4017d',
      '\\"',
    ];
    const { rows } = await client.query<{ read: unknown }>('SELECT $1::text[] AS read', [
      arrayLiteral(values),
    ]);
    expect(rows[0]?.read).toEqual(values);
  });

  it('takes numbers, and nothing', async () => {
    const { rows } = await client.query<{ numbers: unknown; none: unknown }>(
      'SELECT $1::int[] AS numbers, $2::uuid[] AS none',
      [arrayLiteral([1, -2, null]), arrayLiteral([])],
    );
    expect(rows[0]).toEqual({ numbers: [1, -2, null], none: [] });
  });
});
