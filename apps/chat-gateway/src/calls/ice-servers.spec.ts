import { readEnv } from '@kindline/platform';
import { FakeClock } from '@kindline/testing';
import { gatewayEnv } from '../gateway-env';
import { IceServers } from './ice-servers';

const SECRET = 'a-secret-of-sixteen-bytes-or-more';
const good = {
  DATABASE_URL: 'postgres://kindline@127.0.0.1/kindline',
  REDIS_URL: 'redis://127.0.0.1',
  JWT_SECRET: 'Yt6V9k1Qm3Zp0Ls8Rw2Xc5Nb7Hd4Jf6G',
  BACKEND_SERVICE_TOKEN: 'Q1w2E3r4T5y6U7i8O9p0',
};
const TURN = { TURN_URLS: 'turn:turn.example.org:3478?transport=udp', TURN_SECRET: SECRET };

const servers = (more: Record<string, string>) =>
  new IceServers(
    readEnv(gatewayEnv, { ...good, ...more }),
    new FakeClock('2030-01-07T09:00:00Z'),
  ).forOneCall();

describe('ice servers', () => {
  it('are none, or the STUN servers, without TURN', () => {
    expect(servers({})).toEqual([]);
    expect(servers({ STUN_URLS: 'stun:a.example.org, stuns:b.example.org:5349' })).toEqual([
      { urls: ['stun:a.example.org', 'stuns:b.example.org:5349'] },
    ]);
  });

  it('have credentials that expire after 12 hours unless the operator says otherwise', () => {
    const nine = Date.parse('2030-01-07T09:00:00Z') / 1_000;
    const expiry = (more: object) => Number(servers({ ...TURN, ...more })[0]?.username?.split(':')[0]) - nine;
    expect(expiry({})).toBe(12 * 3_600);
    expect(expiry({ TURN_TTL: '30m' })).toBe(1_800);
  });

  it.each([
    [{ TURN_URLS: TURN.TURN_URLS }, /^TURN_URLS: needs TURN_SECRET as well/],
    [{ TURN_SECRET: SECRET }, /^TURN_SECRET: needs TURN_URLS as well/],
    [
      { ...TURN, TURN_SECRET: 'short-in-use', NODE_ENV: 'production' },
      /^TURN_SECRET: must have at least 16 characters in production/,
    ],
    [{ ...TURN, TURN_URLS: 'https://turn.example.org' }, /^TURN_URLS: must be addresses such as turn:/],
    [{ ...TURN, TURN_TTL: 'soon' }, /^TURN_TTL: must be a duration/],
    [{ STUN_URLS: 'turn:turn.example.org' }, /^STUN_URLS: must be addresses such as stun:/],
    [
      { ...TURN, TURN_SECRET: 'changeme-changeme', NODE_ENV: 'production' },
      /^TURN_SECRET: is a placeholder; production needs a real secret/,
    ],
  ])('refuse %j at the start', (more, sentence) => {
    expect(() => readEnv(gatewayEnv, { ...good, ...more })).toThrow(sentence);
  });
});
