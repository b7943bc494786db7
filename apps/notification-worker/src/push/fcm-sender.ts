import { applicationDefault, cert, type Credential, deleteApp, initializeApp } from 'firebase-admin/app';
import { getMessaging, type Messaging, type TokenMessage } from 'firebase-admin/messaging';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { connect } from 'node:tls';
import { outcomeOf } from './push-outcome';
import type { PushMessage, PushOutcome, PushSender } from './push-sender';

export const CALL_LIMIT = 500;
const FCM_HOST = 'fcm.googleapis.com';
const SOCKETS = 64;

export interface PushSenderConfig {
  /** A service account as JSON or as the path of a file. */
  serviceAccount?: string;
  useApplicationDefault?: boolean;
  /** Another FCM endpoint, such as the push sandbox. */
  endpoint?: string;
  caFile?: string;
  deadlineMs?: number;
  log: { warn(fields: object, message: string): void };
}

/**
 * The one place that knows firebase-admin.
 * @returns undefined when neither credentials nor an endpoint are configured
 */
export function createPushSender(config: PushSenderConfig): PushSender | undefined {
  const credential = credentialOf(config);
  if (!credential) return undefined;
  const httpAgent = agentFor(config);
  const projectId = config.endpoint && !config.serviceAccount ? 'kindline-sandbox' : undefined;
  const app = initializeApp(
    { credential, httpAgent, ...(projectId && { projectId }) },
    `kindline-${randomUUID()}`,
  );
  const messaging = getMessaging(app);
  // HTTP/2 opens a TLS session per call, ignores the agent, and may never settle when the peer drops it.
  messaging.enableLegacyHttpTransport();
  withoutRetries(messaging);
  const deadlineMs = config.deadlineMs ?? 15_000;
  return {
    async send(messages) {
      if (messages.length === 0) return [];
      if (messages.length > CALL_LIMIT) throw new RangeError(`at most ${CALL_LIMIT} messages a call`);
      return Promise.all(
        messages.map((message) => within(deadlineMs, one(messaging, toFcm(message), false))),
      );
    },
    validate: (token) =>
      within(deadlineMs, one(messaging, { token, data: { kind: 'token_validation' } }, true)),
    async close() {
      httpAgent.destroy();
      await deleteApp(app);
    },
  };
}

function toFcm({ token, title, body, data, channelKey, priority }: PushMessage): TokenMessage {
  return {
    token,
    notification: { title, body },
    data: { ...data, channelKey },
    android: { priority, notification: { channelId: channelKey } },
    apns: { headers: { 'apns-priority': priority === 'high' ? '10' : '5' } },
  };
}

async function one(messaging: Messaging, message: TokenMessage, dryRun: boolean): Promise<PushOutcome> {
  try {
    const { responses } = await messaging.sendEach([message], dryRun);
    const [response] = responses;
    if (response?.success) return { status: 'accepted', messageId: response.messageId ?? '' };
    return outcomeOf(response?.error);
  } catch (error) {
    return outcomeOf(error);
  }
}

/** The SDK may never settle; a push that has not by then is unknown. */
async function within(deadlineMs: number, outcome: Promise<PushOutcome>): Promise<PushOutcome> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<PushOutcome>((resolve) => {
    timer = setTimeout(() => resolve({ status: 'unknown', reason: 'deadline' }), deadlineMs);
  });
  try {
    return await Promise.race([outcome, deadline]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * The SDK (14.5, utils/api-request.js) repeats a request up to four times after ECONNRESET or 503, and so can
 * push twice behind our back. It has no setting for that; tries are ours to count, so its retry is taken out.
 */
function withoutRetries(messaging: Messaging): void {
  const { messagingRequestHandler } = messaging as unknown as {
    messagingRequestHandler?: { httpClient?: { retry?: unknown } };
  };
  const client = messagingRequestHandler?.httpClient;
  if (!client || !('retry' in client))
    throw new Error('firebase-admin has changed: its own retries cannot be disabled');
  client.retry = undefined;
}

function agentFor({ endpoint, caFile }: PushSenderConfig): Agent {
  const agent = new Agent({ keepAlive: true, maxSockets: SOCKETS });
  if (!endpoint) return agent;
  const { hostname, port } = new URL(endpoint);
  const ca = caFile ? readFileSync(caFile) : undefined;
  agent.createConnection = () =>
    connect({ host: hostname, port: Number(port || 443), servername: FCM_HOST, ...(ca && { ca }) });
  return agent;
}

function credentialOf(config: PushSenderConfig): Credential | undefined {
  const { serviceAccount, useApplicationDefault, endpoint } = config;
  if (serviceAccount) {
    const json = serviceAccount.trimStart().startsWith('{')
      ? serviceAccount
      : readFileSync(serviceAccount, 'utf8');
    return cert(JSON.parse(json) as object);
  }
  if (useApplicationDefault) return applicationDefault();
  // A stand-in takes any token; asking Google for one would only fail.
  if (endpoint) return { getAccessToken: async () => ({ access_token: 'sandbox', expires_in: 3600 }) };
  return undefined;
}
