import type { Ack, IceServer } from '@kindline/contracts';
import { createTestDatabase, programOf, type TestDatabase } from '@kindline/testing';
import { execFile } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { at, World } from './kit';
import { hasTurnServer, startTurnServer, TURN_SECRET, type TurnServer } from './turn-server';

jest.setTimeout(60_000);

const installed = hasTurnServer && programOf('turnutils_uclient') !== undefined;
if (!installed) {
  process.stderr.write('TURN credentials are not tried: turnserver (package coturn) is not installed here\n');
}

/** Whether the TURN server lets somebody with this name and password relay a packet. */
function relays(port: number, username: string, password: string): Promise<{ works: boolean; said: string }> {
  const args = [
    '-y',
    '-n',
    '1',
    '-m',
    '1',
    '-l',
    '64',
    '-t',
    '-p',
    String(port),
    '-u',
    username,
    '-w',
    password,
    '127.0.0.1',
  ];
  return new Promise((resolve) => {
    execFile('turnutils_uclient', args, { timeout: 15_000 }, (error, stdout, stderr) => {
      const said = `${stdout}${stderr}`;
      resolve({ works: !error && /tot_recv_msgs=[1-9]/.test(said), said });
    });
  });
}

(installed ? describe : describe.skip)('credentials for a TURN server', () => {
  let database: TestDatabase;
  let world: World;
  let turn: TurnServer;

  beforeAll(async () => {
    turn = await startTurnServer();
    const { port } = turn;
    database = await createTestDatabase();
    world = await World.start(database.url, {
      gateways: 1,
      more: {
        STUN_URLS: `stun:127.0.0.1:${port}`,
        TURN_URLS: `turn:127.0.0.1:${port}?transport=udp, turn:127.0.0.1:${port}?transport=tcp`,
        TURN_SECRET,
        TURN_TTL: '2h',
      },
    });
  });
  afterAll(async () => {
    await turn.stop();
    await world.stop();
    await database.drop();
  });

  const port = (): number => turn.port;
  const credentials = async (): Promise<{ sub: string; servers: IceServer[] }> => {
    const senior = await world.person('senior');
    const socket = await world.connect(senior);
    const answer = await socket.ask<Ack<{ iceServers: IceServer[] }>>('call:ice-servers', {});
    if (!answer.ok) throw new Error(answer.error.code);
    return { sub: senior.sub, servers: answer.iceServers };
  };

  it('are accepted by it, name when they expire, and say nothing about the person', async () => {
    const { sub, servers } = await credentials();
    const [stun, { urls, username = '', credential = '' } = { urls: [] }] = servers;
    expect(stun).toEqual({ urls: [`stun:127.0.0.1:${port()}`] });
    expect(urls).toEqual([
      `turn:127.0.0.1:${port()}?transport=udp`,
      `turn:127.0.0.1:${port()}?transport=tcp`,
    ]);
    const [expiry, id] = username.split(':');
    expect(Math.abs(Number(expiry) - Date.now() / 1_000 - 7_200)).toBeLessThan(10);
    expect(id).toMatch(/^[\w-]{20,}$/);
    expect(username).not.toContain(sub);
    expect(await relays(port(), username, credential)).toMatchObject({ works: true });
    expect(at((await credentials()).servers, 1).username).not.toBe(username);
  });

  it.each([
    ['an expired one', -60, TURN_SECRET],
    ['one of another secret', 3_600, 'the-secret-of-somebody-else'],
  ])('are the only ones: %s is refused', async (_what, seconds, secret) => {
    const username = `${Math.floor(Date.now() / 1_000) + seconds}:somebody`;
    const credential = createHmac('sha1', secret).update(username).digest('base64');
    expect(await relays(port(), username, credential)).toMatchObject({ works: false });
    // The same name with the right secret and time left works: it is this that is refused.
    const good = `${Math.floor(Date.now() / 1_000) + 3_600}:somebody`;
    const right = createHmac('sha1', TURN_SECRET).update(good).digest('base64');
    expect(await relays(port(), good, right)).toMatchObject({ works: true });
  });
});
