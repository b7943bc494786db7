import { Redis } from 'ioredis';
import { createServer } from 'node:net';
import { Client } from 'pg';
import { createTestDatabase, freePort, type OwnServer, startPostgres, startRedis } from '../src/infra/index';

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new Client(url);
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

async function redis<T>(url: string, work: (client: Redis) => Promise<T>): Promise<T> {
  const client = new Redis(url, { lazyConnect: true, retryStrategy: () => null });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await work(client);
  } finally {
    if (client.status !== 'end') client.disconnect();
  }
}

describe('a test database', () => {
  it('is migrated, and nobody else sees what is written there', async () => {
    const [one, other] = await Promise.all([createTestDatabase(), createTestDatabase()]);
    const tables =
      "SELECT to_regclass('people') IS NOT NULL AS migrated, to_regclass('mine') IS NOT NULL AS mine";
    await query(one.url, 'CREATE TABLE mine ()');
    expect(await query(one.url, tables)).toEqual([{ migrated: true, mine: true }]);
    expect(await query(other.url, tables)).toEqual([{ migrated: true, mine: false }]);
    await Promise.all([one.drop(), other.drop()]);
  });

  it('is gone when dropped, also while somebody is connected', async () => {
    const database = await createTestDatabase();
    const client = new Client(database.url);
    client.on('error', () => undefined);
    await client.connect();
    await database.drop();
    await expect(query(database.url, 'SELECT 1')).rejects.toThrow('does not exist');
    await client.end().catch(() => undefined);
  });
});

describe('a Postgres of one’s own', () => {
  let postgres: OwnServer;
  beforeAll(async () => {
    postgres = await startPostgres();
  });
  afterAll(() => postgres.dispose());

  it('keeps what was committed when it is killed and started again on its port', async () => {
    const { url } = postgres;
    await query(url, 'CREATE TABLE kept AS SELECT 1 AS one');
    await postgres.kill();
    await expect(query(url, 'SELECT 1')).rejects.toThrow();
    await postgres.start();
    expect(postgres.url).toBe(url);
    expect(await query(url, 'SELECT one FROM kept')).toEqual([{ one: 1 }]);
    await postgres.restart();
    expect(await query(url, 'SELECT one FROM kept')).toEqual([{ one: 1 }]);
  });
});

describe('a Redis of one’s own', () => {
  let server: OwnServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server.dispose());

  it.each(['stop', 'kill'] as const)('comes back empty on its port after %s', async (end) => {
    const { url } = server;
    await redis(url, (client) => client.set('who', 'ann'));
    await server[end]();
    await expect(redis(url, (client) => client.ping())).rejects.toThrow();
    await server.start();
    expect(server.url).toBe(url);
    expect(await redis(url, (client) => client.get('who'))).toBeNull();
  });
});

it('a free port can be listened on', async () => {
  const port = await freePort();
  const server = createServer();
  await new Promise<void>((listening) => server.listen(port, '127.0.0.1', listening));
  await new Promise((closed) => server.close(closed));
});
