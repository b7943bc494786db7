import { createTestDatabase, type TestDatabase } from '@kindline/testing';
import { io } from 'socket.io-client';
import { at, eventually, makePerson, World } from './kit';

describe('the door of a gateway', () => {
  let database: TestDatabase;
  let world: World;

  beforeAll(async () => {
    database = await createTestDatabase();
    world = await World.start(database.url, { apis: 0, gateways: 1 });
  });
  afterAll(async () => {
    await world.stop();
    await database.drop();
  });

  it('lets those in who came while its database failed, although their app does not try again', async () => {
    const { token } = await makePerson('user');
    await world.sql.query('ALTER TABLE people RENAME TO hidden_people');
    const socket = io(`http://127.0.0.1:${at(world.gateways, 0).port}`, {
      auth: { token },
      transports: ['websocket'],
      forceNew: true,
    });
    try {
      let closed = 0;
      const refused = jest.fn();
      socket.io.on('close', () => closed++);
      socket.on('connect_error', refused);
      await eventually('it was let go', () => closed > 0);
      expect(socket.connected).toBe(false);
      await world.sql.query('ALTER TABLE hidden_people RENAME TO people');
      await eventually('it is in', () => socket.connected);
      expect(refused).not.toHaveBeenCalled();
    } finally {
      socket.disconnect();
      await world.sql.query('ALTER TABLE IF EXISTS hidden_people RENAME TO people');
    }
  });
});
