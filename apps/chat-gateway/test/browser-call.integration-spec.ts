import type { Ack } from '@kindline/contracts';
import { CHROMIUM, createTestDatabase, type TestDatabase } from '@kindline/testing';
import { type Phone, Phones } from './browser/phones';
import { accept, done, Outsiders, request } from './companion-kit';
import { at, eventually, type TestPerson, type TestSocket, World } from './kit';
import { hasTurnServer, startTurnServer, TURN_SECRET, type TurnServer } from './turn-server';

jest.setTimeout(120_000);

const withBrowser = CHROMIUM ? describe : describe.skip;
if (!CHROMIUM) process.stderr.write('no Chromium on the PATH: calls between two browsers are not tried\n');

/** Two gateways, and people with browsers. */
class CallWorld {
  private constructor(
    readonly world: World,
    private readonly phones: Phones,
    private readonly database: TestDatabase,
  ) {}

  static async start(more: Record<string, string> = {}): Promise<CallWorld> {
    const phones = new Phones();
    const origin = await phones.start();
    const database = await createTestDatabase();
    const world = await World.start(database.url, { more: { ...more, CORS_ORIGINS: origin } });
    return new CallWorld(world, phones, database);
  }

  async stop(): Promise<void> {
    await this.phones.stop();
    await this.world.stop();
    await this.database.drop();
  }

  /** Two people who keep each other company, on two gateways. */
  async pair(): Promise<{ senior: TestSocket; volunteer: TestSocket; conversationId: string }> {
    const senior = await this.world.connect(await this.world.person('senior'), 0);
    const volunteer = await this.world.connect(await this.world.person('volunteer'), 1);
    done(await request(senior, 'voice'));
    const { conversationId } = done(await accept(volunteer, senior.person));
    return { senior, volunteer, conversationId };
  }

  async phone({ token }: TestPerson, gateway: number): Promise<Phone> {
    const phone = await this.phones.open();
    await phone.connect(at(this.world.gateways, gateway).port, token);
    return phone;
  }
}

/** Until the connection stands and more than `bytes` of audio have come in. */
const hears = (phone: Phone, bytes = 1_000): Promise<boolean> =>
  eventually(
    'audio comes in',
    async () => {
      const { connection, audioBytes } = await phone.state();
      return connection === 'connected' && audioBytes > bytes;
    },
    30_000,
  );

withBrowser('a call between two browsers over two gateways', () => {
  let calls: CallWorld;
  let outsiders: Outsiders;

  beforeAll(async () => {
    calls = await CallWorld.start();
    outsiders = await Outsiders.listen(calls.world);
  });
  afterAll(() => calls.stop());

  it('connects them, carries audio both ways, and nobody else can join or overhear', async () => {
    const { senior, volunteer, conversationId } = await calls.pair();
    const other = await calls.pair();
    const caller = await calls.phone(senior.person, 0);
    const callee = await calls.phone(volunteer.person, 1);
    expect(await caller.call(conversationId)).toEqual({ ok: true });
    for (const phone of [caller, callee]) await hears(phone);

    for (const stranger of [other.senior, other.volunteer]) {
      for (const [event, payload] of [
        ['call:offer', { conversationId, sdp: 'v=0' }],
        ['call:answer', { conversationId, sdp: 'v=0' }],
        ['call:ice', { conversationId, candidate: { candidate: 'candidate:1' } }],
        ['call:end', { conversationId }],
      ] as const) {
        const answer = await stranger.ask<Ack>(event, payload);
        expect([event, answer]).toMatchObject([event, { ok: false, error: { code: 'forbidden' } }]);
      }
    }
    for (const phone of [caller, callee]) await hears(phone, (await phone.state()).audioBytes + 1_000);

    expect(await caller.hangUp({ mos: 4.2, rttMs: 1 })).toEqual({ ok: true });
    await eventually('the other side hears the end', async () =>
      (await callee.heard()).some(({ event }) => event === 'call:end'),
    );
    expect(await callee.hangUp({ mos: 4.1 })).toEqual({ ok: true });
    const path = `/api/conversations/${conversationId}/calls`;
    const { status, body } = await calls.world.api('GET', path, senior.person);
    expect([status, body]).toMatchObject([
      200,
      [
        {
          caller: senior.person.sub,
          status: 'ended',
          reason: 'ended',
          started_at: expect.any(String),
          ended_at: expect.any(String),
          duration_s: expect.any(Number),
          quality_by: {
            [senior.person.sub]: { mos: 4.2, rttMs: 1 },
            [volunteer.person.sub]: { mos: 4.1 },
          },
        },
      ],
    ]);
    for (const { seen } of [other.senior, other.volunteer]) {
      expect(seen.filter(({ event }) => event.startsWith('call:'))).toEqual([]);
    }
    expect(await outsiders.heard()).toEqual([]);
  });
});

(hasTurnServer ? withBrowser : describe.skip)('a call between two browsers that only meet at a relay', () => {
  let turn: TurnServer;
  let calls: CallWorld;

  beforeAll(async () => {
    turn = await startTurnServer();
    calls = await CallWorld.start({ TURN_URLS: `turn:127.0.0.1:${turn.port}?transport=udp`, TURN_SECRET });
  });
  afterAll(async () => {
    await calls.stop();
    await turn.stop();
  });

  it('goes through it with the credentials of the gateway', async () => {
    const { senior, volunteer, conversationId } = await calls.pair();
    const caller = await calls.phone(senior.person, 0);
    const callee = await calls.phone(volunteer.person, 1);
    expect(await callee.call(conversationId)).toEqual({ ok: true });
    for (const phone of [caller, callee]) {
      await hears(phone);
      expect(await phone.state()).toMatchObject({ localCandidate: 'relay' });
    }
  });
});
