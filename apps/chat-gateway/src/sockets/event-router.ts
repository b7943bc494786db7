import { Inject, Injectable, Logger } from '@nestjs/common';
import { type AckFailure, type ErrorCode, KindlineError } from '@kindline/contracts';
import { parse, toKindlineError, TokenBuckets } from '@kindline/platform';
import type { Socket } from 'socket.io';
import { GATEWAY_ENV, type GatewayEnv } from '../gateway-env';
import { type ClientEvent, type Dialect, DIALECTS } from './client-event';
import type { PersonSocket } from './connections';

type AckCallback = (answer: object) => void;

/** Brings every packet of every socket to its handler: rule, limit, validation, answer. */
@Injectable()
export class EventRouter {
  private readonly logger = new Logger(EventRouter.name);
  private readonly events = new Map<string, ClientEvent>();
  private closed = false;
  private readonly buckets: Record<ClientEvent['limit'], TokenBuckets> | undefined;

  constructor(@Inject(DIALECTS) dialects: Dialect[], @Inject(GATEWAY_ENV) env: GatewayEnv) {
    for (const event of dialects.flatMap((dialect) => dialect.events)) {
      if (this.events.has(event.name)) throw new Error(`two dialects handle the event ${event.name}`);
      this.events.set(event.name, event);
    }
    if (!env.RATE_LIMIT_DISABLED) {
      this.buckets = {
        messages: new TokenBuckets(env.RATE_LIMIT_MESSAGES),
        events: new TokenBuckets(env.RATE_LIMIT_EVENTS),
      };
    }
  }

  /** Names of all events, for tests that walk them. */
  get names(): string[] {
    return [...this.events.keys()];
  }

  /** From now on events are answered with `unavailable`, so that senders try again elsewhere. */
  close(): void {
    this.closed = true;
  }

  attach(sender: PersonSocket): void {
    // One listener for all events: a listener per event would cost every idle connection memory.
    sender.socket.onAny((name: string, ...args: unknown[]) => this.receive(sender, name, args));
  }

  private receive(sender: PersonSocket, name: string, args: unknown[]): void {
    const last = args.at(-1);
    const ack = typeof last === 'function' ? (last as AckCallback) : undefined;
    const event = this.events.get(name);
    let answer: Promise<object | void> | object | void;
    if (this.closed) {
      this.answerFailure(
        sender.socket,
        event,
        ack,
        new KindlineError('unavailable', 'This server is going down'),
      );
      return;
    }
    try {
      if (!event)
        // The protocol allows numbers as names, too.
        throw new KindlineError(
          'not_found',
          `There is no event ${JSON.stringify(String(name).slice(0, 64))}`,
        );
      this.checkLimit(event, sender);
      if (!event.roles.some((role) => sender.person.roles.includes(role)))
        throw new KindlineError('forbidden');
      answer = event.handle(sender, parse(event.payload, args[0]));
    } catch (error) {
      this.fail(sender.socket, event, ack, error);
      return;
    }
    if (answer instanceof Promise) {
      answer.then(
        (value) => ack?.({ ok: true, ...value }),
        (error: unknown) => this.fail(sender.socket, event, ack, error),
      );
    } else ack?.({ ok: true, ...answer });
  }

  private checkLimit(event: ClientEvent, sender: PersonSocket): void {
    if (this.buckets && !this.buckets[event.limit].take(sender.person.id))
      throw new KindlineError('rate_limited');
  }

  private fail(
    socket: Socket,
    event: ClientEvent | undefined,
    ack: AckCallback | undefined,
    cause: unknown,
  ): void {
    const error = toKindlineError(cause);
    if (error.code === 'internal' || error.code === 'unavailable') {
      this.logger.error({ err: cause, event: event?.name, socketId: socket.id }, 'event failed');
    }
    this.answerFailure(socket, event, ack, error);
  }

  private answerFailure(
    socket: Socket,
    event: ClientEvent | undefined,
    ack: AckCallback | undefined,
    error: KindlineError,
  ): void {
    if (ack) ack(ackFailure(error));
    else socket.emit(event?.failureEvent ?? 'error', failure(error));
  }
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
