import { mkdtempSync, readFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:http2';
import { request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type PushSandbox, startPushSandbox } from './index';

interface Reply {
  status: number;
  headers: Record<string, unknown>;
  body: {
    name?: string;
    error?: { code: number; message: string; status: string; details?: Record<string, unknown>[] };
  };
}

interface Call {
  path?: string;
  method?: string;
  authorization?: string | null;
  body: string;
}

type Speak = (sandbox: PushSandbox, call: Call) => Promise<Reply>;

const PATH = '/v1/projects/demo/messages:send';

const headersOf = ({ authorization = 'Bearer anything' }: Call): Record<string, string> => ({
  'content-type': 'application/json',
  ...(authorization !== null && { authorization }),
});

const overHttp1: Speak = ({ endpoint, ca }, call) =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(endpoint);
    const { path = PATH, method = 'POST', body } = call;
    const target = {
      hostname,
      port,
      path,
      method,
      ca,
      servername: 'fcm.googleapis.com',
      agent: false as const,
    };
    httpsRequest({ ...target, headers: headersOf(call) }, async (response) => {
      const text = (await response.toArray()).join('');
      resolve({
        status: response.statusCode ?? 0,
        headers: response.headers,
        body: JSON.parse(text) as Reply['body'],
      });
    })
      .on('error', reject)
      .end(body);
  });

const overHttp2: Speak = ({ endpoint, ca }, call) =>
  new Promise((resolve, reject) => {
    const { path = PATH, method = 'POST', body } = call;
    const session = connect(endpoint, { ca, servername: 'fcm.googleapis.com' }).on('error', reject);
    const stream = session.request({ ':method': method, ':path': path, ...headersOf(call) });
    let headers: Record<string, unknown> = {};
    let text = '';
    stream
      .on('response', (received) => (headers = received))
      .on('data', (chunk) => (text += String(chunk)))
      .on('error', reject)
      .on('close', () => {
        session.close();
        if (text === '') reject(new Error('closed without an answer'));
        else
          resolve({ status: Number(headers[':status']), headers, body: JSON.parse(text) as Reply['body'] });
      })
      .end(body);
  });

const pushTo = (token: string, more: object = {}): string =>
  JSON.stringify({
    message: { token, notification: { title: 'Hi', body: 'There' }, data: { kind: 'test' } },
    ...more,
  });

let sandbox: PushSandbox;
beforeAll(async () => {
  sandbox = await startPushSandbox({ httpPort: 0, tlsPort: 0 });
});
afterAll(() => sandbox.close());
beforeEach(() => sandbox.clear());

describe.each([
  ['HTTP/1.1', overHttp1],
  ['HTTP/2', overHttp2],
])('the FCM endpoint over %s', (_, speak) => {
  const push = (token: string, more?: object): Promise<Reply> =>
    speak(sandbox, { body: pushTo(token, more) });

  it('takes a push to any other token, answers with a name of the project, and keeps it', async () => {
    const { status, body } = await push('phone');
    expect(status).toBe(200);
    expect(body.name).toMatch(/^projects\/demo\/messages\/.+/);
    expect(sandbox.messages('phone')).toEqual([
      {
        token: 'phone',
        notification: { title: 'Hi', body: 'There' },
        data: { kind: 'test' },
        android: null,
        validate_only: false,
        received_at: expect.stringMatching(/^\d{4}-.*Z$/) as string,
      },
    ]);
  });

  it('says UNREGISTERED of unregistered- tokens, in the details where SDKs look', async () => {
    const { status, body } = await push('unregistered-1');
    expect(status).toBe(404);
    expect(body.error).toEqual({
      code: 404,
      status: 'NOT_FOUND',
      message: expect.any(String) as string,
      details: [
        { '@type': 'type.googleapis.com/google.firebase.fcm.v1.FcmError', errorCode: 'UNREGISTERED' },
      ],
    });
    expect(sandbox.messages()).toEqual([]);
  });

  it('says INVALID_ARGUMENT of invalid- tokens', async () => {
    const { status, body } = await push('invalid-1');
    expect(status).toBe(400);
    expect(body.error).toMatchObject({
      status: 'INVALID_ARGUMENT',
      details: [{ errorCode: 'INVALID_ARGUMENT' }],
    });
  });

  it('refuses two pushes to a quota- token with Retry-After and takes the third; dry runs do not count', async () => {
    expect((await push('quota-1', { validate_only: true })).status).toBe(200);
    const first = await push('quota-1');
    expect(first).toMatchObject({ status: 429, headers: { 'retry-after': '1' } });
    expect(first.body.error?.details).toMatchObject([{ errorCode: 'QUOTA_EXCEEDED' }]);
    expect((await push('quota-1')).status).toBe(429);
    expect((await push('quota-2')).status).toBe(429);
    expect((await push('quota-1')).status).toBe(200);
    expect(sandbox.messages('quota-1').map((message) => message.validate_only)).toEqual([true, false]);
  });

  it('is unavailable to an unavailable- token twice', async () => {
    const first = await push('unavailable-1');
    expect(first.status).toBe(503);
    expect(first.body.error).toMatchObject({
      status: 'UNAVAILABLE',
      details: [{ errorCode: 'UNAVAILABLE' }],
    });
    expect((await push('unavailable-1')).status).toBe(503);
    expect((await push('unavailable-1')).status).toBe(200);
  });

  it('closes the connection on a drop- token after having read the request', async () => {
    await expect(push('drop-1')).rejects.toThrow();
    expect(sandbox.tries('drop-1')).toBe(1);
    expect(sandbox.messages()).toEqual([]);
  });

  it('marks dry runs, and judges their tokens like others', async () => {
    await push('phone', { validate_only: true });
    expect(sandbox.messages('phone')).toMatchObject([{ validate_only: true }]);
    expect((await push('unregistered-1', { validate_only: true })).status).toBe(404);
  });

  it('wants a bearer token', async () => {
    for (const authorization of [null, 'Basic abc', 'Bearer ']) {
      const { status, body } = await speak(sandbox, { authorization, body: pushTo('phone') });
      expect([status, body.error?.status]).toEqual([401, 'UNAUTHENTICATED']);
    }
  });

  it.each([
    ['what is not JSON', '{'],
    ['a message without a token', JSON.stringify({ message: { notification: {} } })],
    ['data that is not text', JSON.stringify({ message: { token: 'phone', data: { seq: 1 } } })],
    ["a key of FCM's own", JSON.stringify({ message: { token: 'phone', data: { from: 'me' } } })],
    [
      'a payload of more than 4 kB',
      JSON.stringify({ message: { token: 'phone', data: { a: 'x'.repeat(4096) } } }),
    ],
    ['a request of more than 64 kB', 'x'.repeat(70_000)],
  ])('refuses %s', async (_what, body) => {
    const reply = await speak(sandbox, { body });
    expect([reply.status, reply.body.error?.status]).toEqual([400, 'INVALID_ARGUMENT']);
    expect(sandbox.messages()).toEqual([]);
  });

  it('knows no other method', async () => {
    expect((await speak(sandbox, { path: '/v1/projects/demo/messages', body: '{}' })).status).toBe(404);
    expect((await speak(sandbox, { method: 'PUT', body: '{}' })).status).toBe(404);
  });
});

describe('the control API', () => {
  const push = (token: string, title = 'Hi'): Promise<Reply> =>
    overHttp1(sandbox, { body: JSON.stringify({ message: { token, notification: { title } } }) });
  const list = async (query = ''): Promise<{ token: string }[]> =>
    (await (await fetch(`${sandbox.httpUrl}/messages${query}`)).json()) as { token: string }[];

  it('lists what arrived, newest last, all or of one token', async () => {
    await push('a');
    await push('b');
    await push('a');
    expect((await list()).map(({ token }) => token)).toEqual(['a', 'b', 'a']);
    expect((await list('?token=b')).map(({ token }) => token)).toEqual(['b']);
    expect(await list('?token=c')).toEqual([]);
  });

  it('forgets messages and quotas', async () => {
    await push('a');
    await push('quota-1');
    await push('quota-1');
    const { status } = await fetch(`${sandbox.httpUrl}/messages`, { method: 'DELETE' });
    expect(status).toBe(204);
    expect(await list()).toEqual([]);
    expect((await push('quota-1')).status).toBe(429);
  });

  it('is alive and ready', async () => {
    for (const probe of ['live', 'ready']) {
      expect(await (await fetch(`${sandbox.httpUrl}/health/${probe}`)).json()).toMatchObject({
        status: 'ok',
      });
    }
  });

  it('shows a page that escapes what arrived, runs no script and reloads itself', async () => {
    await push('<b>token</b>', `<script>alert("'&'")</script>`);
    const response = await fetch(sandbox.httpUrl);
    const html = await response.text();
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(html).toContain('&lt;script&gt;alert(&quot;&#39;&amp;&#39;&quot;)&lt;/script&gt;');
    expect(html).toContain('&lt;b&gt;token&lt;/b&gt;');
    expect(html).not.toMatch(/<script|<b>/);
    expect(html).toContain('http-equiv="refresh"');
  });

  it('answers what it does not know, and an address it cannot read, with JSON', async () => {
    expect((await fetch(`${sandbox.httpUrl}/nothing`)).status).toBe(404);
    const unreadable = await new Promise<number | undefined>((resolve, reject) => {
      const { hostname, port } = new URL(sandbox.httpUrl);
      httpRequest({ hostname, port, path: '//' }, (response) => resolve(response.resume().statusCode))
        .on('error', reject)
        .end();
    });
    expect(unreadable).toBe(400);
    expect((await fetch(`${sandbox.httpUrl}/health/live`)).status).toBe(200);
  });
});

describe('starting', () => {
  const folder = mkdtempSync(join(tmpdir(), 'push-sandbox-'));

  it("writes its authority's certificate where it is told to, making the folder", async () => {
    const caFile = join(folder, 'deep', 'ca.pem');
    const other = await startPushSandbox({ httpPort: 0, tlsPort: 0, caFile });
    expect(readFileSync(caFile, 'utf8')).toBe(other.ca);
    await other.close();
  });

  it('fails on a taken port, leaves the other free, and writes no certificate', async () => {
    const taken = Number(new URL(sandbox.httpUrl).port);
    const caFile = join(folder, 'never', 'ca.pem');
    await expect(startPushSandbox({ httpPort: taken, tlsPort: 0, caFile })).rejects.toMatchObject({
      code: 'EADDRINUSE',
      port: taken,
    });
    expect(() => readFileSync(caFile)).toThrow('ENOENT');
  });

  it('refuses production', async () => {
    const before = process.env['NODE_ENV'];
    process.env['NODE_ENV'] = 'production';
    try {
      await expect(startPushSandbox({ httpPort: 0, tlsPort: 0 })).rejects.toThrow(/never runs in production/);
    } finally {
      process.env['NODE_ENV'] = before;
    }
  });
});
