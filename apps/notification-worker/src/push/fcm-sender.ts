import { inSpan } from '@kindline/platform';
import { deleteApp } from 'firebase-admin/app';
import { getMessaging, type Messaging, type TokenMessage } from 'firebase-admin/messaging';
import { type FcmAccess, openFcmApp } from './fcm-app';
import { Flight } from './flight';
import { outcomeOf } from './push-outcome';
import type { PushMessage, PushOutcome, PushSender } from './push-sender';

/** FCM's most messages a call. */
export const CALL_LIMIT = 500;
/**
 * Requests of one call that are under way at once, if the caller does not say. Each call has its own lanes, and the
 * agent queues nothing: a push to somebody in distress never stands behind a campaign's.
 */
const LANES = 50;
const DEADLINE_MS = 15_000;

export interface PushSenderConfig extends FcmAccess {
  /** From the call to its answer; default 15 s. */
  deadlineMs?: number;
  /** Hears how long each request took. */
  took?: (seconds: number) => void;
  log: { warn(fields: object, message: string): void };
}

/**
 * The one place that knows firebase-admin.
 * @returns undefined when neither credentials nor an endpoint are configured
 * @throws when the credentials cannot be read
 */
export function createPushSender(config: PushSenderConfig): PushSender | undefined {
  const opened = openFcmApp(config);
  if (!opened) return undefined;
  const { app, agent } = opened;
  const messaging = getMessaging(app);
  withoutRetries(messaging);
  const calls = new Set<Promise<unknown>>();

  async function call(messages: TokenMessage[], dryRun: boolean, lanes: number): Promise<PushOutcome[]> {
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(), config.deadlineMs ?? DEADLINE_MS);
    const trouble = new Map<string, number>();
    const answers = inLanes(messages, lanes, async (message) => {
      const began = performance.now();
      const { outcome, cause } = await attempt(messaging, message, dryRun, deadline.signal);
      config.took?.((performance.now() - began) / 1_000);
      if (outcome.status === 'retry' || outcome.status === 'unknown') {
        const kind = `${outcome.status} ${outcome.reason}${cause === undefined ? '' : ` (${cause})`}`;
        trouble.set(kind, (trouble.get(kind) ?? 0) + 1);
      }
      return outcome;
    });
    calls.add(answers);
    try {
      return await answers;
    } finally {
      clearTimeout(timer);
      calls.delete(answers);
      if (trouble.size > 0)
        config.log.warn({ outcomes: Object.fromEntries(trouble) }, 'FCM did not take some pushes');
    }
  }

  return {
    async send(messages, underWay = LANES) {
      if (messages.length > CALL_LIMIT) throw new RangeError(`at most ${CALL_LIMIT} messages a call`);
      const facts = { 'kindline.pushes': messages.length };
      return inSpan('fcm send', { kind: 'client', facts }, async (tell) => {
        const outcomes = await call(messages.map(toFcm), false, underWay);
        tell({ 'kindline.pushes.accepted': outcomes.filter(({ status }) => status === 'accepted').length });
        return outcomes;
      });
    },
    async validate(token) {
      const [outcome] = await call([{ token, data: { kind: 'token_validation' } }], true, 1);
      return outcome ?? { status: 'unknown', reason: 'no_answer' };
    },
    async close() {
      await Promise.allSettled(calls);
      agent.destroy();
      await deleteApp(app);
    },
  };
}

function toFcm({ token, title, body, data, channelKey, priority, expiresAt }: PushMessage): TokenMessage {
  return {
    token,
    notification: { title, body },
    data: { ...data, channelKey },
    android: {
      priority,
      notification: { channelId: channelKey },
      ...(expiresAt && { ttl: leftUntil(expiresAt) }),
    },
    apns: {
      headers: {
        'apns-priority': priority === 'high' ? '10' : '5',
        ...(expiresAt && { 'apns-expiration': String(Math.ceil(expiresAt.getTime() / 1_000)) }),
      },
    },
  };
}

/** In ms, up to the next whole second: 0 would mean "now or never". */
function leftUntil(expiresAt: Date): number {
  return Math.max(1, Math.ceil((expiresAt.getTime() - Date.now()) / 1_000)) * 1_000;
}

interface Attempt {
  outcome: PushOutcome;
  /** The system's word for what went wrong, such as ECONNREFUSED, for the operator. */
  cause?: string;
}

/**
 * One request, broken off at the deadline. `send` and not `sendEach`, whose HTTP/2 opens a TLS session a call,
 * ignores the agent and may never settle when the peer drops the session; `send` speaks HTTP/1.1 by itself.
 */
async function attempt(
  messaging: Messaging,
  message: TokenMessage,
  dryRun: boolean,
  deadline: AbortSignal,
): Promise<Attempt> {
  const flight = new Flight();
  const sent = async (): Promise<Attempt> => {
    try {
      const messageId = await flight.run(() => messaging.send(message, dryRun));
      return { outcome: { status: 'accepted', messageId } };
    } catch (error) {
      const { code } = ((error as Error).cause ?? {}) as { code?: unknown };
      return { outcome: outcomeOf(error, flight.left), ...(typeof code === 'string' && { cause: code }) };
    }
  };
  const late: Attempt = { outcome: { status: 'retry', reason: 'deadline' } };
  if (deadline.aborted) return late;
  const overdue = Promise.withResolvers<Attempt>();
  const giveUp = (): void => {
    overdue.resolve(flight.left ? { outcome: { status: 'unknown', reason: 'deadline' } } : late);
    flight.cancel();
  };
  deadline.addEventListener('abort', giveUp, { once: true });
  try {
    return await Promise.race([sent(), overdue.promise]);
  } finally {
    deadline.removeEventListener('abort', giveUp);
  }
}

/** Works through the items, so many at a time; answers in their order. */
async function inLanes<Item, Result>(
  items: Item[],
  lanes: number,
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const waiting = items.entries();
  const lane = async (): Promise<void> => {
    for (const [index, item] of waiting) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(lanes, items.length) }, lane));
  return results;
}

/**
 * The SDK (14.5, utils/api-request.js) repeats a request up to four times after ECONNRESET, a timeout or 503, and so
 * can push five times behind our back. It has no setting for that; tries are ours to count, so its retry is
 * taken out. Without the place to do so we rather do not start.
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
