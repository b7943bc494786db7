import { CHROMIUM, createTestDatabase, type TestDatabase } from '@kindline/testing';
import { companions } from '../../../apps/chat-gateway/test/companion-kit';
import { at, eventually, type TestPerson, World } from '../../../apps/chat-gateway/test/kit';
import { type Phone, PhoneShop } from './calls-pages';

jest.setTimeout(60_000);

const withBrowser = CHROMIUM ? describe : describe.skip;
if (!CHROMIUM) process.stderr.write('no Chromium on the PATH: the client is not called with\n');

let shop: PhoneShop;
let world: World;
let database: TestDatabase;
/** Who call each other in most tests: two pages take a while to open. */
let two: Awaited<ReturnType<typeof pair>>;

const phoneOf = async (
  person: TestPerson,
  gateway: number,
  options?: { microphone: boolean },
): Promise<Phone> => {
  const phone = await shop.phone(options);
  await phone.connect(at(world.gateways, gateway).port, at(world.apis, 0).port, person);
  return phone;
};

/** A senior and a volunteer with a phone each, at two gateways. */
async function pair(options?: { microphone: boolean }) {
  const { senior, volunteer, conversationId } = await companions(world);
  senior.close();
  volunteer.close();
  const [caller, callee] = await Promise.all([
    phoneOf(senior.person, 0),
    phoneOf(volunteer.person, 1, options),
  ]);
  return { caller, callee, senior: senior.person, volunteer: volunteer.person, conversationId };
}

const hears = async (phone: Phone): Promise<void> => {
  const { bytes } = await phone.heard();
  await eventually('more audio comes in', async () => (await phone.heard()).bytes > bytes + 1_000);
};

/** How much was heard of the other side within half a second. */
async function loudness(phone: Phone): Promise<number> {
  const { energy } = await phone.heard();
  await new Promise((resolve) => setTimeout(resolve, 500));
  return (await phone.heard()).energy - energy;
}

async function recordOf(person: TestPerson, conversationId: string): Promise<Record<string, unknown>> {
  const { body } = await world.api('GET', `/api/conversations/${conversationId}/calls`, person);
  return at(body as unknown as Record<string, unknown>[], -1);
}

withBrowser('a call of two browsers with the client', () => {
  beforeAll(async () => {
    shop = new PhoneShop();
    const origin = await shop.open();
    database = await createTestDatabase();
    world = await World.start(database.url, { more: { CORS_ORIGINS: origin } });
    two = await pair();
  });
  afterAll(async () => {
    await shop.close();
    await world.stop();
    await database.drop();
  });

  it('rings, carries both voices, is muted, and ends with what both measured', async () => {
    const { caller, callee, senior, volunteer, conversationId } = two;
    await caller.start(conversationId);
    await callee.until('it rings', ({ phase }) => phase === 'ringing');
    expect(await caller.state()).toMatchObject({ phase: 'calling', incoming: false, connectedAt: null });
    await callee.accept();
    for (const phone of [caller, callee]) {
      await phone.until('they are connected', ({ phase, hears }) => phase === 'connected' && hears);
      await hears(phone);
    }
    await callee.listen();
    expect(await loudness(callee)).toBeGreaterThan(0.001);
    await caller.mute(true);
    await eventually('nothing is heard', async () => (await loudness(callee)) < 0.0001);
    await caller.mute(false);
    await eventually('they are heard again', async () => (await loudness(callee)) > 0.001);

    await caller.end();
    expect(await callee.until('the other side ends', ({ phase }) => phase === 'ended')).toMatchObject({
      reason: 'ended',
    });
    for (const phone of [caller, callee]) expect(await phone.usesMicrophone()).toBe(false);
    const quality = { mos: expect.any(Number), packetLossPct: expect.any(Number) };
    const record = await eventually('both have measured', async () => {
      const found = await recordOf(senior, conversationId);
      return Object.keys(found['quality_by'] as object).length === 2 && found;
    });
    expect(record).toMatchObject({
      reason: 'ended',
      caller: senior.sub,
      quality_by: { [senior.sub]: quality, [volunteer.sub]: quality },
    });
  });

  it('is declined, or given up', async () => {
    const { caller, callee, senior, conversationId } = two;
    await caller.start(conversationId);
    await callee.until('it rings', ({ phase }) => phase === 'ringing');
    await callee.end();
    expect(await caller.until('it is declined', ({ phase }) => phase === 'ended')).toMatchObject({
      reason: 'declined',
    });
    expect(await caller.usesMicrophone()).toBe(false);

    await caller.start(conversationId);
    await callee.until('it rings again', ({ phase }) => phase === 'ringing');
    await caller.end();
    expect(await callee.until('it is given up', ({ phase }) => phase === 'ended')).toMatchObject({
      reason: 'cancelled',
    });
    expect(await recordOf(senior, conversationId)).toMatchObject({ reason: 'cancelled', quality: {} });
  });

  it('connects two who call each other at once', async () => {
    const { caller, callee, senior, conversationId } = two;
    await Promise.all([caller.start(conversationId), callee.start(conversationId)]);
    for (const phone of [caller, callee]) {
      await phone.until('they are connected', ({ phase }) => phase === 'connected');
      await hears(phone);
    }
    await callee.end();
    await caller.until('it is over', ({ phase }) => phase === 'ended');
    expect(await recordOf(senior, conversationId)).toMatchObject({ reason: 'ended' });
  });

  it('goes on after the network was away, with new ways through it', async () => {
    const { caller, callee, conversationId } = two;
    await caller.start(conversationId);
    await callee.until('it rings', ({ phase }) => phase === 'ringing');
    await callee.accept();
    await callee.until('they are connected', ({ phase }) => phase === 'connected');
    const before = await caller.iceName();
    await caller.cut();
    await eventually('it looks for new ways', async () => (await caller.iceName()) !== before);
    for (const phone of [caller, callee]) {
      await phone.until('they are connected', ({ phase }) => phase === 'connected');
      await hears(phone);
    }
    await caller.page.evaluate('client.close()');
    expect(await caller.until('its client is closed', ({ phase }) => phase === 'ended')).toMatchObject({
      reason: 'ended',
    });
    expect(await caller.usesMicrophone()).toBe(false);
    // At once, not when the server gives up waiting.
    expect(await callee.until('the other side is told', ({ phase }) => phase === 'ended')).toMatchObject({
      reason: 'ended',
    });
  });

  it('ends when there is no microphone, and the other side is told', async () => {
    const { caller, callee, conversationId } = await pair({ microphone: false });
    await caller.start(conversationId);
    await callee.until('it rings', ({ phase }) => phase === 'ringing');
    await callee.accept();
    expect(await callee.until('it ends', ({ phase }) => phase === 'ended')).toMatchObject({
      reason: 'microphone',
    });
    expect(await caller.until('it is told', ({ phase }) => phase === 'ended')).toMatchObject({
      reason: 'declined',
    });
  });
});
