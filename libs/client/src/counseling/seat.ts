import type { Ack, AckSuccess, CounselingChatEvents, CounselingClientEvents } from '@kindline/contracts';
import { Manager, type Socket } from 'socket.io-client';
import { KindlineClientError } from '../client-error';
import type { Connection } from '../connection/connection';

const NAMESPACE = '/counseling';
const ANSWER_WITHIN_MS = 10_000;

type AnswerOf<Event extends keyof CounselingClientEvents> = Extract<
  Parameters<NonNullable<Parameters<CounselingClientEvents[Event]>[1]>>[0],
  AckSuccess
>;

interface Refusal extends Error {
  data?: { code?: number | string };
}

export interface SeatListeners {
  joined(): void;
  /** @param letGo by the server; otherwise it comes back with the connection */
  left(letGo: boolean): void;
  /** It does not try again by itself. */
  refused(code: number | string): void;
}

/** Connections whose one socket in the namespace is in use. */
const taken = new WeakSet<Manager>();

/** A socket in an anonymous session. Each session has a token of its own. */
export class Seat {
  private readonly socket: Socket;
  private isLeft = false;

  constructor({ manager }: Connection, listeners: SeatListeners) {
    const shared = !taken.has(manager);
    if (shared) taken.add(manager);
    this.socket = (shared ? manager : another(manager)).socket(NAMESPACE);
    this.socket.on('connect', () => listeners.joined());
    this.socket.on('disconnect', (reason) => listeners.left(reason === 'io server disconnect'));
    this.socket.on('connect_error', ({ data }: Refusal) => {
      if (data?.code !== undefined) listeners.refused(data.code);
    });
  }

  get isJoined(): boolean {
    return this.socket.connected;
  }

  /** Whether it joins, or will do so with the connection. */
  get isActive(): boolean {
    return this.socket.active;
  }

  join(token: string): void {
    this.socket.auth = { token };
    this.socket.connect();
  }

  on<Event extends keyof CounselingChatEvents>(event: Event, listener: CounselingChatEvents[Event]): void {
    this.socket.on(event as string, listener);
  }

  /** Rejects with a KindlineClientError. */
  async request<Event extends keyof CounselingClientEvents>(
    event: Event,
    payload: Parameters<CounselingClientEvents[Event]>[0],
  ): Promise<AnswerOf<Event>> {
    if (!this.isJoined) throw new KindlineClientError('network', 'Not connected');
    const answer = await (
      this.socket.timeout(ANSWER_WITHIN_MS).emitWithAck(event, payload) as Promise<Ack>
    ).catch((cause: unknown) => {
      throw new KindlineClientError(this.isJoined ? 'timeout' : 'network', `No answer: ${event}`, { cause });
    });
    if (answer.ok) return answer as AnswerOf<Event>;
    const { code, message, errors, ...details } = answer.error;
    throw new KindlineClientError(code, message, { ...(errors && { errors }), details });
  }

  typing(on: boolean): void {
    if (this.isJoined) this.socket.emit('typing', { on });
  }

  /** Until it joins again. */
  rest(): void {
    this.socket.disconnect();
  }

  leave(): void {
    if (this.isLeft) return;
    this.isLeft = true;
    this.socket.off();
    this.socket.disconnect();
    taken.delete(this.socket.io);
  }
}

/** A connection carries one socket of a namespace: who is in several sessions needs several. */
const another = (manager: Manager): Manager =>
  new Manager(manager['uri'], {
    ...manager.opts,
    reconnection: true,
    reconnectionDelay: 500,
    reconnectionDelayMax: 30_000,
  });
