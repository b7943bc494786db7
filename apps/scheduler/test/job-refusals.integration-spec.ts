import { BODY_LIMIT_BYTES } from '@kindline/platform';
import { ROLES } from '@kindline/contracts';
import { signToken, TEST_SERVICE_TOKEN, testPerson } from '@kindline/testing';
import { contentsOf, expectProblem, expectRefusedField } from '../../session-api/test/refusals';
import { type Answer, JobWorld } from './job-world';

jest.setTimeout(60_000);

const FAR = '2099-01-01T00:00:00.000Z';
const forged = (...keys: unknown[]): string => Buffer.from(JSON.stringify(keys)).toString('base64url');
/** So deep that whoever walks or parses it by recursion is in danger. */
const deep = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}`;

describe('the job API refuses what it must, and changes nothing', () => {
  let world: JobWorld;
  let before: { tables: Record<string, string[]>; queue: unknown[] };
  let good: Record<string, unknown>;
  const persons: [string, string][] = [];

  const contents = async () => {
    const { rows } = await world.sql.query(
      'SELECT id, payload::text, run_at, attempts, key FROM external._private_jobs ORDER BY id',
    );
    return { tables: await contentsOf(world.sql), queue: rows };
  };
  const send = (method: string, path: string, body?: unknown, token = TEST_SERVICE_TOKEN): Promise<Answer> =>
    world.raw(method, path, { token, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  const add = (change: Record<string, unknown>): Promise<Answer> =>
    send('POST', '/jobs', { ...good, ...change });

  const routes = (): [string, string, unknown?][] => [
    ['GET', '/jobs'],
    ['GET', '/jobs/there'],
    ['DELETE', '/jobs/there'],
    ['POST', '/jobs', good],
    ['POST', '/AddRemoveJob', { action: 'add', ...good }],
    ['POST', '/AddRemoveJob', { action: 'remove', job_id: 'there' }],
  ];

  beforeAll(async () => {
    world = await JobWorld.start();
    good = { job_id: 'there', run_at: FAR, callback_url: `${world.target.origin}/x`, payload: { a: 1 } };
    await world.add(good);
    await world.add({ job_id: 'cron', cron: '0 0 1 1 *', event: 'new-year' });
    for (const role of ROLES) {
      const { token } = await testPerson(role);
      persons.push([role, token]);
      // Known from here on.
      await send('GET', '/jobs', undefined, token);
    }
    before = await contents();
    expect(before.tables['external_jobs']).toHaveLength(2);
    expect(before.queue).toHaveLength(2);
  });
  afterEach(async () => {
    const [expected, found] = [before, await contents()];
    before = found;
    expect(found).toEqual(expected);
  });
  afterAll(() => world.stop());

  it('without the service token, to persons of every role as well', async () => {
    const bad = [undefined, 'garbage', `${TEST_SERVICE_TOKEN}x`, await signToken({ roles: ['admin'] })];
    for (const [method, path, body] of routes()) {
      const options = body === undefined ? {} : { body: JSON.stringify(body) };
      for (const token of bad)
        expectProblem(await world.raw(method, path, { token, ...options }), 'unauthenticated');
      for (const [, token] of persons) {
        expectProblem(await world.raw(method, path, { token, ...options }), 'forbidden');
      }
    }
    expect(persons).toHaveLength(ROLES.length);
  });

  it('for jobs that do not exist', async () => {
    for (const id of ['nothing', "'; DROP TABLE external_jobs; --", '..', 'a/b', '%']) {
      const path = `/jobs/${encodeURIComponent(id)}`;
      if (id === '..') continue;
      expectProblem(await send('GET', path), 'not_found');
      expectProblem(await send('DELETE', path), 'not_found');
      expectProblem(await send('POST', '/AddRemoveJob', { action: 'remove', job_id: id }), 'not_found');
    }
  });

  it.each(['%00', 'a%07b', 'x'.repeat(256), '%E0%A4%A', '%ff%fe'])('for the path /jobs/%s', async (id) => {
    expectProblem(await send('GET', `/jobs/${id}`), 'validation_failed');
    expectProblem(await send('DELETE', `/jobs/${id}`), 'validation_failed');
  });

  it.each([
    'surprise=1',
    'status=open',
    'status=%00',
    'status[a]=failed',
    'limit=0',
    'limit=-1',
    'limit=1.5',
    'limit=x',
    'limit=',
    'limit=501',
    'limit=1&limit=2',
    'cursor=garbage',
    'cursor=%00',
    `cursor=${forged()}`,
    `cursor=${forged('a')}`,
    `cursor=${forged(1)}`,
    `cursor=${forged("' OR 1=1; --")}`,
    `cursor=${forged('\u0000')}`,
  ])('for the query %s', async (query) => {
    expectProblem(await send('GET', `/jobs?${query}`), 'validation_failed');
  });

  describe('for a body', () => {
    it.each(['/jobs', '/AddRemoveJob'])('of %s with unknown fields, or none', async (path) => {
      const body = path === '/jobs' ? good : { action: 'add', ...good };
      expectRefusedField(await send('POST', path, { ...body, surprise: 1 }), 'surprise', 'surprise');
      expectProblem(await send('POST', path, {}), 'validation_failed');
      for (const raw of ['{', '"text"', '1', '[]', 'null']) {
        expectProblem(
          await world.raw('POST', path, { token: TEST_SERVICE_TOKEN, body: raw }),
          'validation_failed',
        );
      }
      const text = {
        token: TEST_SERVICE_TOKEN,
        body: JSON.stringify(body),
        headers: { 'content-type': 'text/plain' },
      };
      expectProblem(await world.raw('POST', path, text), 'unsupported_media_type');
    });

    it.each(['run', '', null, 1, ['add'], 'ADD'])('with the action %p', async (action) => {
      expectRefusedField(await send('POST', '/AddRemoveJob', { ...good, action }), 'action', action);
    });

    it.each([
      ['job_id', ['', 'x'.repeat(256), 1, null, {}, ['a'], 'a\u0000b', 'a\nb', 'a\ud800b']],
      [
        'run_at',
        [
          '',
          'soon',
          0,
          null,
          {},
          '2026-01-01',
          '2026-01-01T00:00:00',
          '2026-02-30T00:00:00Z',
          '2026-13-01T00:00:00Z',
        ],
      ],
      ['callback_url', ['', 1, null, {}, 'a\u0000b', `http://${'x'.repeat(2048)}`]],
    ])('with a wrong %s', async (field, values) => {
      for (const value of values) expectRefusedField(await add({ [field]: value }), field, value);
    });

    it('with a wrong event', async () => {
      const { callback_url: _url, ...job } = good;
      for (const event of ['', 1, null, {}, '.a', 'a b', 'a\u0000', 'a*', 'é', 'x'.repeat(101), 'a\nb']) {
        expectRefusedField(await send('POST', '/jobs', { ...job, event }), 'event', event);
      }
    });

    it('with a wrong or never matching pattern, or a wrong zone', async () => {
      const { run_at: _at, ...job } = good;
      for (const cron of [
        ...['', 1, null, {}, '* * * *', '* * * * * * *', '@daily', 'a b c d e', '60 * * * *', '* 24 * * *'],
        ...['0 0 31 2 *', '0 0 31 4,6,9,11 *', '0 0 0 * *', '*/0 * * * *', '5-1 * * * *', '* * * * \u0000'],
      ]) {
        expectRefusedField(await send('POST', '/jobs', { ...job, cron }), 'cron', cron);
      }
      for (const time_zone of [
        '',
        1,
        null,
        'Berlin',
        'Europe/Atlantis',
        '+01:00',
        'UTC+1',
        '../etc',
        'x\u0000',
      ]) {
        const body = { ...job, cron: '0 0 1 1 *', time_zone };
        expectRefusedField(await send('POST', '/jobs', body), 'time_zone', time_zone);
      }
    });

    it('with two times or targets, or none', async () => {
      const { run_at: _at, callback_url: _url, ...id } = good;
      const url = { callback_url: good['callback_url'] };
      expectRefusedField(await add({ cron: '* * * * *' }), 'cron', 'two times');
      expectRefusedField(await send('POST', '/jobs', { ...id, ...url }), 'run_at', 'no time');
      expectRefusedField(await add({ time_zone: 'UTC' }), 'time_zone', 'a zone without a pattern');
      expectRefusedField(await add({ event: 'e' }), 'event', 'two targets');
      expectRefusedField(await send('POST', '/jobs', { ...id, run_at: FAR }), 'callback_url', 'no target');
      expectRefusedField(
        await send('POST', '/AddRemoveJob', { action: 'add', ...id, run_at: FAR }),
        'callback_url',
        'no target',
      );
    });

    it('with a payload that is too large, too deep or cannot be stored', async () => {
      expectProblem(await add({ payload: 'x'.repeat(65_535) }), 'too_large');
      expectProblem(await add({ payload: { a: 'é'.repeat(32_768) } }), 'too_large');
      expectProblem(await add({ payload: 'x'.repeat(BODY_LIMIT_BYTES) }), 'too_large');
      for (const payload of ['a\u0000b', { 'a\u0000': 1 }, ['\ud800'], { a: { b: ['\udc00'] } }]) {
        expectRefusedField(await add({ payload }), 'payload', payload);
      }
      for (const levels of [102, 5_000, 500_000]) {
        const body = `{"job_id":"there","run_at":"${FAR}","event":"e","payload":${deep(levels)}}`;
        expectRefusedField(
          await world.raw('POST', '/jobs', { token: TEST_SERVICE_TOKEN, body }),
          'payload',
          levels,
        );
      }
    });
  });

  describe('for a callback to', () => {
    const port = (): number => world.target.port;
    it.each<[string, () => string]>([
      ['another port', () => `http://127.0.0.1:${port() + 1}/x`],
      ['no port', () => 'http://127.0.0.1/x'],
      ['another scheme', () => `https://127.0.0.1:${port()}/x`],
      ['ftp', () => `ftp://127.0.0.1:${port()}/x`],
      ['javascript', () => 'javascript:fetch("http://127.0.0.1")'],
      ['a file', () => 'file:///etc/passwd'],
      ['another host behind a user name', () => `http://127.0.0.1:${port()}@example.org/`],
      ['the host behind a user name', () => `http://example.org@127.0.0.1:${port()}/`],
      ['a short address', () => `http://127.1:${port()}/x`],
      ['an address as a number', () => `http://2130706433:${port()}/x`],
      ['an address in hexadecimal', () => `http://0x7f000001:${port()}/x`],
      ['an address in octal', () => `http://0177.0.0.1:${port()}/x`],
      ['an IPv6 address', () => `http://[::1]:${port()}/x`],
      ['a mapped IPv6 address', () => `http://[::ffff:127.0.0.1]:${port()}/x`],
      ['a name of the same machine', () => `http://localhost:${port()}/x`],
      ['a trailing dot', () => `http://127.0.0.1.:${port()}/x`],
      ['the metadata service of a cloud', () => 'http://169.254.169.254/latest/meta-data'],
      ['a path that looks like the origin', () => `http://example.org/${world.target.origin}`],
      ['backslashes', () => `http:\\\\127.0.0.1:${port()}\\x`],
      ['a relative address', () => '/x'],
    ])('%s', async (_what, url) => {
      const answer = await add({ callback_url: url() });
      expectRefusedField(answer, 'callback_url', url());
      expectRefusedField(
        await send('POST', '/AddRemoveJob', { action: 'add', ...good, callback_url: url() }),
        'callback_url',
        url(),
      );
    });
  });
});

describe('JOB_CALLBACK_ORIGINS', () => {
  let world: JobWorld;
  beforeAll(async () => {
    world = await JobWorld.start(0);
  });
  afterAll(() => world.stop());

  it.each(['example.org', 'https://example.org/hooks', 'ftp://example.org', 'https://a@example.org', '*'])(
    'stops the start when it holds %s, with a sentence',
    async (origin) => {
      const start = world.startScheduler({ JOB_CALLBACK_ORIGINS: `https://ok.example.org,${origin}` });
      await expect(start).rejects.toThrow(/^JOB_CALLBACK_ORIGINS: must be origins: .*\(example: https:/);
    },
  );

  it('allows nothing by default', async () => {
    await world.startScheduler({ JOB_CALLBACK_ORIGINS: '' });
    const job = { job_id: 'a', run_at: FAR, callback_url: `${world.target.origin}/` };
    expectProblem(await world.call('POST', '/jobs', job), 'validation_failed');
  });
});

describe('times', () => {
  let world: JobWorld;
  beforeAll(async () => {
    world = await JobWorld.start();
  });
  afterAll(() => world.stop());

  it('may be as far away as they can be written', async () => {
    const far = await world.call('POST', '/jobs', {
      job_id: 'far',
      run_at: '9999-12-31T23:59:59.999Z',
      event: 'x',
    });
    expect([far.status, far.body['run_at']]).toEqual([201, '9999-12-31T23:59:59.999Z']);
    await world.add({ job_id: 'old', run_at: '0001-01-01T00:00:00Z', event: 'old' });
    await world.until('old', 'completed');
  });
});
