import { Inject, Injectable, Logger } from '@nestjs/common';
import { type AckFailure, type ErrorCode, KindlineError } from '@kindline/contracts';
import { MetricsRegistry, parse, toKindlineError, TokenBuckets } from '@kindline/platform';
import type { Socket } from 'socket.io';
import { GATEWAY_ENV, type GatewayEnv } from '../gateway-env';
import { type ClientEvent, type Dialect, DIALECTS } from './client-event';
import type { ClientSocket } from './connections';
import { Turns } from './turns';

type AckCallback = (answer: object) => void;

/** What a socket that is attached carries. */
interface Attached {
  client?: ClientSocket;
}

/**
 * From now on its events are answered with `unavailable`, so that it tries again elsewhere.
 * @returns a promise that resolves when everything before them is answered
 */
export async function dismiss({ data }: Socket): Promise<void> {
  const { client } = data as Attached;
  if (!client) return;
  client.dismissed = true;
  await client.turns?.idle();
}

/** Brings every packet of every socket to its handler: rule, limit, validation, answer. */
@Injectable()
export class EventRouter {
  private readonly logger = new Logger(EventRouter.name);
  private readonly events = new Map<string, ClientEvent>();
  private readonly buckets: Record<ClientEvent['limit'], TokenBuckets> | undefined;

  constructor(
    @Inject(DIALECTS) dialects: Dialect[],
    @Inject(GATEWAY_ENV) env: GatewayEnv,
    private readonly metrics: MetricsRegistry,
  ) {
    for (const event of dialects.flatMap((dialect) => dialect.events)) {
      if (this.events.has(event.name)) throw new Error(`two dialects handle the event ${event.name}`);
      this.events.set(event.name, event);
    }
    if (!env.RATE_LIMIT_DISABLED) {
      this.buckets = {
        messages: new TokenBuckets(env.RATE_LIMIT_MESSAGES),
        typing: new TokenBuckets(env.RATE_LIMIT_TYPING),
        requests: new TokenBuckets(env.RATE_LIMIT_REQUESTS),
        events: new TokenBuckets(env.RATE_LIMIT_EVENTS),
        bookings: new TokenBuckets(env.RATE_LIMIT_BOOKINGS),
      };
    }
  }

  /** Names of all events, for tests that walk them. */
  get names(): string[] {
    return [...this.events.keys()];
  }

  attach(sender: ClientSocket): void {
    (sender.socket.data as Attached).client = sender;
    // One listener for all events: a listener per event would cost every idle connection memory.
    sender.socket.onAny((name: string, ...args: unknown[]) => this.receive(sender, name, args));
  }

  private receive(sender: ClientSocket, name: string, args: unknown[]): void {
    const last = args.at(-1);
    const ack = typeof last === 'function' ? (last as AckCallback) : undefined;
    const event = this.events.get(name);
    const payload = last === ack && args.length === 1 ? undefined : args[0];
    const refuse = (error: KindlineError): void => {
      if (ack) ack(ackFailure(error));
      else answerByEvent(sender.socket, event, payload, error);
    };
    const failed = (cause: unknown): void => {
      const error = toKindlineError(cause);
      if (error.code === 'internal' || error.code === 'unavailable') {
        this.logger.error({ err: cause, event: event?.name, socketId: sender.id }, 'event failed');
      }
      refuse(error);
    };
    if (sender.dismissed) {
      refuse(new KindlineError('unavailable', 'This server is going down'));
      return;
    }
    try {
      if (!event) throw unknownEvent(name, sender);
      this.checkLimit(event, sender);
    } catch (error) {
      failed(error);
      return;
    }
    const turns = (sender.turns ??= new Turns());
    const answered = (value: object | void): void => {
      ack?.({ ok: true, ...value });
      turns.done();
    };
    const refused = (error: unknown): void => {
      failed(error);
      turns.done();
    };
    turns.enter(event.inTurn ?? false, () => {
      try {
        // Only now: what was sent before it may have shown who this is.
        admit(event, sender);
        const answer = event.handle(sender, parse(event.payload, payload));
        if (answer instanceof Promise) answer.then(answered, refused);
        else answered(answer);
      } catch (error) {
        refused(error);
      }
    });
  }

  private checkLimit(event: ClientEvent, sender: ClientSocket): void {
    // Not by address: behind a load balancer all guests may share one.
    const who = sender.person?.id ?? sender.backend ?? sender.anonymousId ?? sender.id;
    if (!this.buckets || this.buckets[event.limit].take(who)) return;
    this.metrics.limited(event.limit);
    throw new KindlineError('rate_limited');
  }
}

function answerByEvent(
  socket: Socket,
  event: ClientEvent | undefined,
  payload: unknown,
  error: KindlineError,
): void {
  socket.emit(event?.failureEvent ?? 'error', {
    ...failure(error),
    ...error.details.extra,
    ...event?.failureContext?.(payload),
  });
}

function isKnown({ person, backend, permissions }: ClientSocket): boolean {
  return person !== undefined || backend !== undefined || permissions !== undefined;
}

function unknownEvent(name: string, sender: ClientSocket): KindlineError {
  if (!isKnown(sender)) return new KindlineError('unauthenticated');
  // The protocol allows numbers as names, too.
  return new KindlineError('not_found', `There is no event ${JSON.stringify(String(name).slice(0, 64))}`);
}

/** Deny by default. @throws unauthenticated or forbidden */
function admit({ from }: ClientEvent, sender: ClientSocket): void {
  const { person, backend, permissions } = sender;
  if (from === 'anyone') return;
  if (!isKnown(sender)) throw new KindlineError('unauthenticated');
  if (from === 'backends') {
    if (backend === undefined)
      throw new KindlineError('forbidden', 'This event is for backends: send backend_connect');
    return;
  }
  if ('permission' in from) {
    const { permission } = from;
    if (!permissions?.includes(permission))
      throw new KindlineError('forbidden', `Your chat token does not allow ${permission}`);
    return;
  }
  if (!from.some((role) => person?.roles.includes(role))) throw new KindlineError('forbidden');
}

export function ackFailure(error: KindlineError): AckFailure {
  const { code, message, details } = error;
  return {
    ok: false,
    error: { code, message, ...(details.errors ? { errors: details.errors } : {}), ...details.extra },
  };
}

export function failure(error: KindlineError): { error: string; code: ErrorCode } {
  return { error: error.message, code: error.code };
}
