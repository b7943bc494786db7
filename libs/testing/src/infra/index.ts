export { freePort } from './launchers';
export { type OwnServer, startPostgres, startRedis } from './own-server';
export { createTestDatabase, type TestDatabase } from './test-database';
