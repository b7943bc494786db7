import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';

/**
 * The floor of pushes: what Node's HTTPS client itself costs over connections that are kept. It decides nothing and
 * writes nothing down; its requests look as those of the notification worker's announcements do.
 */
export interface PushOrder {
  endpoint: string;
  caFile: string;
  count: number;
  underWay: number;
}

/** How long it took from the first request to the last answer, and how many were not answered with 200. */
export interface PushesSent {
  seconds: number;
  failed: number;
}

const agent = new Agent({ keepAlive: true, maxFreeSockets: Infinity });

const HEADERS = {
  'X-Firebase-Client': 'fire-admin-node/14.5.1',
  access_token_auth: 'true',
  Authorization: 'Bearer sandbox',
  'X-Goog-Api-Client': `gl-node/${process.versions.node} fire-admin/14.5.1`,
  'content-type': 'application/json;charset=utf-8',
};

const CAMPAIGN_ID = randomUUID();

const bodyOf = (nth: number): string =>
  JSON.stringify({
    message: {
      token: `floor-${nth}`,
      notification: { title: 'Something new', body: 'Have a look at what is new this week.' },
      data: {
        kind: 'announcement',
        screen: 'home',
        notification_id: randomUUID(),
        campaign_id: CAMPAIGN_ID,
        channelKey: 'application_channel',
      },
      android: { priority: 'normal', notification: { channel_id: 'application_channel' } },
      apns: { headers: { 'apns-priority': '5' } },
    },
  });

/** @returns the status of the answer, which is read to its end */
async function push(url: URL, ca: Buffer, nth: number): Promise<number | undefined> {
  const body = bodyOf(nth);
  const headers = { ...HEADERS, 'Content-Length': Buffer.byteLength(body) };
  const servername = 'fcm.googleapis.com';
  const sent = request(url, { method: 'POST', agent, ca, servername, headers });
  sent.end(body);
  const [answer] = (await once(sent, 'response')) as [NodeJS.ReadableStream & { statusCode?: number }];
  const chunks: Buffer[] = [];
  answer.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(answer, 'end');
  JSON.parse(Buffer.concat(chunks).toString());
  return answer.statusCode;
}

async function run({ endpoint, caFile, count, underWay }: PushOrder): Promise<PushesSent> {
  const url = new URL('/v1/projects/kindline-sandbox/messages:send', endpoint);
  const ca = readFileSync(caFile);
  const began = performance.now();
  let next = 0;
  let failed = 0;
  const lane = async (): Promise<void> => {
    while (next < count) if ((await push(url, ca, (next += 1))) !== 200) failed += 1;
  };
  await Promise.all(Array.from({ length: underWay }, lane));
  return { seconds: (performance.now() - began) / 1_000, failed };
}

process.on('message', (order: PushOrder) => void run(order).then((sent) => process.send?.(sent)));
process.on('disconnect', () => process.exit(0));
process.on('SIGTERM', () => process.exit(0));
