import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { makeCertificates, type PushSandbox, startPushSandbox } from '../../../push-sandbox/src';
import { CALL_LIMIT, createPushSender, type PushSenderConfig } from './fcm-sender';
import type { PushMessage, PushOutcome, PushSender } from './push-sender';

const folder = mkdtempSync(join(tmpdir(), 'fcm-sender-'));
const caFile = join(folder, 'ca.pem');
const warn = jest.fn();
const senders: PushSender[] = [];

function senderTo(endpoint: string, more: Partial<PushSenderConfig> = {}): PushSender {
  const sender = createPushSender({ endpoint, caFile, log: { warn }, ...more });
  if (!sender) throw new Error('an endpoint is configured');
  senders.push(sender);
  return sender;
}

const to = (token: string): PushMessage => ({
  token,
  title: 'New message',
  body: 'You received a new message',
  data: { kind: 'message', notification_id: 'n1' },
  channelKey: 'msg_ch',
  priority: 'high',
});
const many = (count: number, prefix = 'phone'): PushMessage[] =>
  Array.from({ length: count }, (_, index) => to(`${prefix}-${index}`));

const statuses = (outcomes: PushOutcome[]): Record<string, number> =>
  Object.fromEntries(
    Object.entries(
      Object.groupBy(outcomes, (outcome) =>
        'reason' in outcome ? `${outcome.status} ${outcome.reason}` : outcome.status,
      ),
    ).map(([status, group]) => [status, group?.length ?? 0]),
  );

async function listening(server: Server): Promise<number> {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return (server.address() as AddressInfo).port;
}

afterEach(async () => {
  await Promise.all(senders.splice(0).map((sender) => sender.close()));
  warn.mockClear();
});

describe('with the push sandbox', () => {
  let sandbox: PushSandbox;
  let sender: PushSender;
  beforeAll(async () => {
    sandbox = await startPushSandbox({ httpPort: 0, tlsPort: 0, caFile });
  });
  afterAll(() => sandbox.close());
  beforeEach(() => {
    sandbox.clear();
    sender = senderTo(sandbox.endpoint);
  });

  const sendOne = async (token: string): Promise<PushOutcome | undefined> =>
    (await sender.send([to(token)]))[0];

  it('sends title, text, data, channel and priority through the real SDK', async () => {
    expect(await sendOne('phone')).toEqual({
      status: 'accepted',
      messageId: expect.stringMatching(/^projects\/.+\/messages\/.+/) as string,
    });
    expect(sandbox.messages('phone')).toMatchObject([
      {
        notification: { title: 'New message', body: 'You received a new message' },
        data: { kind: 'message', notification_id: 'n1', channelKey: 'msg_ch' },
        android: { priority: 'high', notification: { channel_id: 'msg_ch' } },
        validate_only: false,
      },
    ]);
  });

  it('sends how long a push is of use, and nothing of the kind for others', async () => {
    await sender.send([{ ...to('ringing'), expiresAt: new Date(Date.now() + 44_500) }, to('other')]);
    expect(sandbox.messages('ringing')).toMatchObject([{ android: { ttl: '45s' } }]);
    expect(JSON.stringify(sandbox.messages('other'))).not.toContain('ttl');
  });

  it('tells a dead token from a good one', async () => {
    expect(await sendOne('unregistered-1')).toEqual({
      status: 'rejected',
      reason: 'unregistered',
      tokenDead: true,
    });
    expect(await sendOne('invalid-1')).toEqual({
      status: 'rejected',
      reason: 'invalid_argument',
      tokenDead: false,
    });
  });

  it('leaves it to the caller to try again, and says when', async () => {
    expect(await sendOne('quota-1')).toEqual({
      status: 'retry',
      reason: 'quota_exceeded',
      retryAfterMs: 1000,
    });
    expect(await sendOne('unavailable-1')).toEqual({ status: 'retry', reason: 'unavailable' });
    expect([sandbox.tries('quota-1'), sandbox.tries('unavailable-1')]).toEqual([1, 1]);
    await sendOne('unavailable-1');
    expect(await sendOne('unavailable-1')).toMatchObject({ status: 'accepted' });
  });

  it('calls a connection lost after the request left unknown, and does not repeat the push', async () => {
    expect(await sendOne('drop-1')).toEqual({ status: 'unknown', reason: 'connection_lost' });
    expect(sandbox.tries('drop-1')).toBe(1);
  });

  it('answers in the order asked; one bad token does not touch its neighbours', async () => {
    const tokens = ['a', 'unregistered-1', 'b', 'drop-1', 'c', 'quota-1', 'd'];
    const outcomes = await sender.send(tokens.map(to));
    expect(outcomes.map(({ status }) => status)).toEqual([
      'accepted',
      'rejected',
      'accepted',
      'unknown',
      'accepted',
      'retry',
      'accepted',
    ]);
  });

  it('sends 500 in a call, each once', async () => {
    expect(statuses(await sender.send(many(CALL_LIMIT)))).toEqual({ accepted: CALL_LIMIT });
    expect(new Set(sandbox.messages().map(({ token }) => token)).size).toBe(CALL_LIMIT);
    expect(sandbox.messages()).toHaveLength(CALL_LIMIT);
  });

  it('refuses more than 500, and sends none of them', async () => {
    await expect(sender.send(many(CALL_LIMIT + 1))).rejects.toThrow(RangeError);
    expect(sandbox.messages()).toEqual([]);
  });

  it('has nothing to do for nobody', async () => {
    expect(await sender.send([])).toEqual([]);
  });

  it('validates by dry run', async () => {
    expect(await sender.validate('phone')).toMatchObject({ status: 'accepted' });
    expect(await sender.validate('unregistered-1')).toMatchObject({ status: 'rejected', tokenDead: true });
    expect(sandbox.messages()).toMatchObject([{ token: 'phone', validate_only: true }]);
  });

  it('tells the operator what FCM did not take, without tokens and texts', async () => {
    await sender.send([to('quota-secret-token'), to('drop-secret-token'), to('unregistered-secret-token')]);
    expect(warn.mock.calls).toEqual([
      [
        { outcomes: { 'retry quota_exceeded': 1, 'unknown connection_lost (ECONNRESET)': 1 } },
        'FCM did not take some pushes',
      ],
    ]);
  });

  it('finds a sandbox that was started anew, with a new authority', async () => {
    await sendOne('phone');
    const ports = {
      httpPort: Number(new URL(sandbox.httpUrl).port),
      tlsPort: Number(new URL(sandbox.endpoint).port),
    };
    await sandbox.close();
    sandbox = await startPushSandbox({ ...ports, caFile });
    expect(await sendOne('phone')).toMatchObject({ status: 'accepted' });
  });
});

it('tells Apple, too, when a push is of no use any more', async () => {
  const { key, cert, ca } = await makeCertificates();
  const ownCa = join(folder, 'apple.pem');
  writeFileSync(ownCa, ca);
  const bodies: unknown[] = [];
  const server = createTlsServer({ key, cert }, (request, response) => {
    void text(request).then((body) => {
      bodies.push(JSON.parse(body));
      response.end(JSON.stringify({ name: 'projects/p/messages/1' }));
    });
  });
  const sender = senderTo(`https://127.0.0.1:${await listening(server)}`, { caFile: ownCa });
  await sender.send([{ ...to('phone'), expiresAt: new Date('2100-01-01T00:00:00.500Z') }]);
  await sender.send([to('phone')]);
  expect(bodies).toMatchObject([
    { message: { apns: { headers: { 'apns-expiration': '4102444801', 'apns-priority': '10' } } } },
    { message: { apns: { headers: { 'apns-priority': '10' } } } },
  ]);
  expect(JSON.stringify(bodies[1])).not.toContain('expiration');
  server.close();
});

describe('when nobody answers', () => {
  it('says after the deadline what may have left and what has not, and lets nothing leave later', async () => {
    const { key, cert, ca } = await makeCertificates();
    const ownCa = join(folder, 'hanging.pem');
    writeFileSync(ownCa, ca);
    let seen = 0;
    const closed: Promise<unknown>[] = [];
    const server = createTlsServer({ key, cert }, () => void seen++);
    server.on('secureConnection', (socket: Socket) => closed.push(once(socket, 'close')));
    const port = await listening(server);
    const sender = senderTo(`https://127.0.0.1:${port}`, { caFile: ownCa, deadlineMs: 2000 });

    const began = performance.now();
    const outcomes = statuses(await sender.send(many(120)));
    await Promise.all(closed);
    // The SDK by itself would hold the connections for 15 s, and send the rest over them.
    expect(performance.now() - began).toBeLessThan(10_000);
    const { 'unknown deadline': unknown = 0, 'retry deadline': retry = 0 } = outcomes;
    expect(unknown + retry).toBe(120);
    expect(retry).toBeGreaterThanOrEqual(70);
    expect(seen).toBeGreaterThan(0);
    // What the server saw has certainly left; what left in the last moment it need not have seen.
    expect(unknown).toBeGreaterThanOrEqual(seen);
    server.close();
  });

  it('knows that nothing left over a connection that never stood', async () => {
    const server = createServer();
    const port = await listening(server);
    const sender = senderTo(`https://127.0.0.1:${port}`, { deadlineMs: 100 });
    expect(await sender.send([to('phone')])).toEqual([{ status: 'retry', reason: 'deadline' }]);
    server.close();
  });

  it('waits for the calls under way before it closes', async () => {
    const server = createServer();
    const port = await listening(server);
    const sender = senderTo(`https://127.0.0.1:${port}`, { deadlineMs: 200 });
    let answered = false;
    const call = sender.send([to('phone')]).then(() => (answered = true));
    await sender.close();
    expect(answered).toBe(true);
    senders.splice(0);
    await call;
    server.close();
  });
});

describe('when FCM cannot be reached', () => {
  const unreachable = [{ status: 'retry', reason: 'unreachable' }];

  it('tries again later after a refused connection', async () => {
    const server = createServer();
    const port = await listening(server);
    await new Promise((resolve) => server.close(resolve));
    expect(await senderTo(`https://127.0.0.1:${port}`).send([to('phone')])).toEqual(unreachable);
    expect(warn).toHaveBeenCalledWith(
      { outcomes: { 'retry unreachable (ECONNREFUSED)': 1 } },
      expect.anything(),
    );
  });

  it('tries again later when the name has no address', async () => {
    expect(await senderTo('https://fcm.invalid').send([to('phone')])).toEqual(unreachable);
  });

  it('tries again later when the connection breaks before it stands', async () => {
    const server = createServer((socket) => socket.once('data', () => socket.destroy()));
    const port = await listening(server);
    expect(await senderTo(`https://127.0.0.1:${port}`).send([to('phone')])).toEqual(unreachable);
    server.close();
  });

  it("sends nothing to a server that is not FCM in our authority's eyes", async () => {
    const { key, cert } = await makeCertificates();
    let seen = 0;
    const server = createTlsServer({ key, cert }, () => void seen++);
    const port = await listening(server);
    expect(await senderTo(`https://127.0.0.1:${port}`).send([to('phone')])).toEqual(unreachable);
    expect(seen).toBe(0);
    server.close();
  });

  it('tries again later while the authority is not there yet', async () => {
    const sender = senderTo('https://127.0.0.1:1', { caFile: join(folder, 'missing.pem') });
    expect(await sender.send([to('phone')])).toEqual(unreachable);
  });
});

describe('configuration', () => {
  it('is no sender without credentials and endpoint', () => {
    expect(createPushSender({ log: { warn } })).toBeUndefined();
  });

  it('says that a service account cannot be read, without quoting it', () => {
    const start = (): unknown =>
      createPushSender({ serviceAccount: '{"private_key": secret', log: { warn } });
    expect(start).toThrow('FIREBASE_SERVICE_ACCOUNT: is neither JSON nor the path of a file');
  });
});
