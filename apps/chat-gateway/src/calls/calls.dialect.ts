import { Inject, Injectable, Logger } from '@nestjs/common';
import {
  callCandidate,
  callDescription,
  callEnd,
  callIceServers,
  type CallServerEvents,
  type CallSignal,
  KindlineError,
} from '@kindline/contracts';
import { CallRecords, Calls, type Relayed } from '@kindline/domain';
import { GATEWAY_ID } from '../gateway-env';
import { clientEvent, type Dialect } from '../sockets/client-event';
import type { PersonSocket } from '../sockets/connections';
import { CallKeeper } from './call-keeper';
import { CallLanes } from './call-lanes';
import { CallSignals } from './call-signals';
import { CALLING_ROLES, carrierOf } from './calling';
import { IceServers } from './ice-servers';

type Sender = Parameters<Calls['offer']>[0];

/** The events of voice calls. What they carry between the two sides is neither read nor logged. */
@Injectable()
export class CallsDialect implements Dialect {
  private readonly logger = new Logger(CallsDialect.name);
  /** For which call a socket's answer came too late: the candidates that follow it belong to no call. */
  private readonly tooLate = new WeakMap<PersonSocket, string>();

  constructor(
    private readonly calls: Calls,
    private readonly records: CallRecords,
    private readonly signals: CallSignals,
    private readonly keeper: CallKeeper,
    private readonly lanes: CallLanes,
    private readonly iceServers: IceServers,
    @Inject(GATEWAY_ID) private readonly gatewayId: string,
  ) {}

  readonly events = [
    clientEvent({
      name: 'call:offer',
      roles: CALLING_ROLES,
      payload: callDescription,
      limit: 'requests',
      handle: (client, payload) =>
        this.inOrder(client, payload.conversationId, async (sender) => {
          this.tooLate.delete(client);
          const relayed = await this.calls.offer(sender, payload.sdp);
          if (relayed === 'busy') {
            const end: Parameters<CallServerEvents['call:end']>[0] = {
              conversationId: payload.conversationId,
              reason: 'busy',
            };
            client.socket.emit('call:end' satisfies keyof CallServerEvents, end);
            throw new KindlineError('busy');
          }
          await this.relay(relayed, { event: 'call:offer', payload });
        }),
    }),
    clientEvent({
      name: 'call:answer',
      roles: CALLING_ROLES,
      payload: callDescription,
      limit: 'events',
      handle: (client, payload) =>
        this.inOrder(client, payload.conversationId, async (sender) => {
          const relayed = await this.calls.answer(sender, payload.sdp).catch((err: unknown) => {
            if (err instanceof KindlineError && err.code === 'answered_elsewhere')
              this.tooLate.set(client, this.callOf(payload.conversationId));
            throw err;
          });
          this.tooLate.delete(client);
          await this.relay(relayed, { event: 'call:answer', payload });
        }),
    }),
    clientEvent({
      name: 'call:ice',
      roles: CALLING_ROLES,
      payload: callCandidate,
      limit: 'events',
      handle: (client, payload) =>
        this.inOrder(client, payload.conversationId, async (sender) => {
          if (this.tooLate.get(client) === this.callOf(payload.conversationId))
            throw new KindlineError('answered_elsewhere');
          await this.relay(await this.calls.candidate(sender, payload.candidate), {
            event: 'call:ice',
            payload,
          });
        }),
    }),
    clientEvent({
      name: 'call:end',
      roles: CALLING_ROLES,
      payload: callEnd,
      limit: 'events',
      handle: (client, { conversationId, quality }) =>
        this.inOrder(client, conversationId, async (sender) => {
          const callId = await this.calls.end(sender, quality);
          const news = callId === undefined ? undefined : await this.records.ended(callId);
          if (news) await this.signals.tell(news);
        }),
    }),
    clientEvent({
      name: 'call:ice-servers',
      roles: CALLING_ROLES,
      payload: callIceServers,
      limit: 'events',
      handle: () => ({ iceServers: this.iceServers.forOneCall() }),
    }),
  ];

  private callOf(conversationId: string): string {
    return `${conversationId} ${this.signals.numberOf(conversationId) ?? ''}`;
  }

  private async relay({ number, to, answeredElsewhere }: Relayed, signal: CallSignal): Promise<void> {
    const { conversationId } = signal.payload;
    try {
      await this.signals.send(number, to, signal);
    } finally {
      if (answeredElsewhere) {
        const payload = { conversationId, reason: 'answered_elsewhere' } as const;
        await this.signals
          .send(number, answeredElsewhere, { event: 'call:end', payload })
          .catch((err: unknown) => this.logger.warn({ err }, 'other devices were not told of an answer'));
      }
    }
  }

  private inOrder(
    client: PersonSocket,
    conversationId: string,
    work: (sender: Sender) => Promise<void>,
  ): Promise<void> {
    this.keeper.involve(client);
    // By the sender as well, so that nobody waits for those who only name the conversation.
    return this.lanes.run(`${client.person.id} ${conversationId}`, async () => {
      try {
        // What it may not have heard is shown before its signals count as knowing it.
        await this.keeper.caughtUp(client);
        const carrier = carrierOf(client, this.gatewayId);
        await work({ conversationId, personId: client.person.id, carrier });
      } finally {
        // It may have left before it was on record as carrying the call.
        if (client.socket.disconnected) this.keeper.left(client);
      }
    });
  }
}
