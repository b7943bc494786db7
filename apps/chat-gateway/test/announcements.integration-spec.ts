import { createTestDatabase, type TestDatabase } from '@kindline/testing';
import { startNotificationWorker } from '../../notification-worker/src/start';
import { makePerson, World } from './kit';

describe('an announcement to somebody who is connected', () => {
  let database: TestDatabase;
  let world: World;

  beforeAll(async () => {
    database = await createTestDatabase();
    world = await World.start(database.url, { gateways: 2 });
    // Nobody answers there: whoever is connected is not pushed to.
    world.stopLater(await startNotificationWorker({ ...world.env, FCM_ENDPOINT: 'https://127.0.0.1:9' }));
  });
  afterAll(async () => {
    await world.stop();
    await database.drop();
  });

  it('appears on all their screens, on any gateway, as it stands in their inbox', async () => {
    const person = await world.person('user');
    await world.api('PUT', '/api/push-tokens', person, { token: 'a-device-of-theirs', platform: 'web' });
    const screens = [await world.connect(person, 0), await world.connect(person, 1)];
    const somebodyElse = await world.connect(await world.person('user'), 0);
    const admin = await makePerson('admin');
    const { body: announced } = await world.api('POST', '/api/notifications', admin, {
      title: 'A new room',
      body: 'Have a look',
      category: 'product',
      data: { link: 'kindline://rooms' },
      target: { subs: [person.sub] },
    });
    const shown = await Promise.all(screens.map((screen) => screen.next('notification:new')));
    const { body: inbox } = await world.api('GET', '/api/notifications/inbox', person);
    expect(inbox['notifications']).toEqual([{ ...shown[0], read_at: null }]);
    expect(shown[1]).toEqual(shown[0]);
    expect(shown[0]).toMatchObject({
      title: 'A new room',
      body: 'Have a look',
      category: 'product',
      data: { link: 'kindline://rooms' },
    });
    const why = `/api/notifications/${String(announced['id'])}/why?sub=${person.sub}`;
    expect((await world.api('GET', why, admin)).body).toMatchObject({
      outcome: 'skipped',
      reason: 'connected',
    });
    const bare = await world.person('user');
    const screen = await world.connect(bare);
    const { body: second } = await world.api('POST', '/api/notifications', admin, {
      title: 'For a screen only',
      body: 'Without a device',
      category: 'product',
      target: { subs: [bare.sub] },
    });
    expect(await screen.next('notification:new')).toMatchObject({ title: 'For a screen only' });
    const whyBare = `/api/notifications/${String(second['id'])}/why?sub=${bare.sub}`;
    expect((await world.api('GET', whyBare, admin)).body).toMatchObject({ reason: 'connected' });
    expect(somebodyElse.all('notification:new')).toEqual([]);
  });
});
