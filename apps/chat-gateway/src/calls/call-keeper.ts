import { Inject, Injectable, Logger } from '@nestjs/common';
import { CallRecords, CallSides, PresenceDirectory } from '@kindline/domain';
import { GATEWAY_ID } from '../gateway-env';
import { Admission } from '../sockets/admission';
import { type ClientSocket, Connections, isPersons, type PersonSocket } from '../sockets/connections';
import { CallLanes } from './call-lanes';
import { CallSignals } from './call-signals';
import { CALLING_ROLES, carrierOf } from './calling';

/** Keeps the records of which sockets here carry calls true, and shows those who come what rings for them. */
@Injectable()
export class CallKeeper {
  private readonly logger = new Logger(CallKeeper.name);
  private readonly people = new CallLanes();
  /** Sockets that have to do with a call; the others may leave without anything being looked up. */
  private readonly involved = new WeakSet<ClientSocket>();
  /** Sockets that could not be shown what was kept for them. */
  private readonly unshown = new Set<PersonSocket>();
  private forgotten: readonly string[] = [];
  private comparing = false;

  constructor(
    private readonly sides: CallSides,
    private readonly records: CallRecords,
    private readonly signals: CallSignals,
    private readonly connections: Connections,
    private readonly presence: PresenceDirectory,
    @Inject(GATEWAY_ID) private readonly gatewayId: string,
    admission: Admission,
  ) {
    admission.onArrive((client) => this.arrived(client));
    admission.onLeave((client) => this.left(client));
  }

  /** A socket that takes part in a call from now on, or tries to. */
  involve(client: ClientSocket): void {
    this.involved.add(client);
  }

  /** A socket that has gone: also one that left while something was done for it. */
  left(client: ClientSocket): void {
    if (!isPersons(client)) return;
    this.unshown.delete(client);
    const { id, person } = client;
    // In its turn: it may become involved by what is being done for it.
    this.run(person.id, async () => {
      if (this.involved.has(client)) await this.sides.left(person.id, id);
    });
  }

  /**
   * Finds what could not be written or was not heard: sockets that have come, sides whose sockets have gone,
   * sides that were given up by mistake, answers, calls that have ended, and gateways that died while Redis
   * forgot that they had lived.
   */
  async compare(): Promise<void> {
    if (this.comparing) return;
    this.comparing = true;
    try {
      for (const client of this.unshown) {
        this.unshown.delete(client);
        this.arrived(client);
      }
      await this.compareSides();
      await this.compareAnswers();
      for (const news of await this.records.endedAmong(this.signals.open())) this.signals.end(news);
      await this.compareGateways();
    } catch (err) {
      this.logger.warn({ err }, 'calls could not be compared with the database');
    } finally {
      this.comparing = false;
    }
  }

  /** Resolves when it is on record that this person's sockets have come or left. */
  async caughtUp({ person }: PersonSocket): Promise<void> {
    await this.people.run(person.id, async () => {});
  }

  /** Resolves when everybody who has come or left is on record as such. */
  settled(): Promise<void> {
    return this.people.settled();
  }

  private arrived(client: PersonSocket): void {
    if (!mayCall(client)) return;
    this.signals.hold(client);
    const { person } = client;
    this.run(person.id, async () => {
      try {
        const call = await this.sides.arrived(person.id, carrierOf(client, this.gatewayId));
        if (call) this.involve(client);
        this.signals.release(client, call?.kept);
      } catch (err) {
        // Unless it has left meanwhile.
        if (this.connections.socketsOf(person.id).includes(client)) this.unshown.add(client);
        throw err;
      } finally {
        this.signals.release(client);
      }
    });
  }

  private async compareSides(): Promise<void> {
    for (const { personId, socketId, lost } of await this.sides.of(this.gatewayId)) {
      const client = this.connections.socketsOf(personId).find(({ id }) => id === socketId);
      if (!client && !lost) await this.sides.left(personId, socketId);
      if (client && lost) await this.sides.arrived(personId, carrierOf(client, this.gatewayId));
    }
  }

  private async compareAnswers(): Promise<void> {
    for (const { personId, socketId, ...kept } of await this.sides.unheardAnswers(this.gatewayId)) {
      const client = this.connections.socketsOf(personId).find(({ id }) => id === socketId);
      if (client) this.signals.showAnswer(client, kept);
    }
  }

  /** Twice in a row, because a gateway that Redis lost writes itself again within seconds. */
  private async compareGateways(): Promise<void> {
    const others = (await this.sides.gateways()).filter((id) => id !== this.gatewayId);
    const forgotten = await this.presence.forgotten(others);
    for (const gatewayId of forgotten) {
      if (this.forgotten.includes(gatewayId)) await this.sides.gatewayLost(gatewayId);
    }
    this.forgotten = forgotten;
  }

  private run(personId: string, work: () => Promise<void>): void {
    this.people.run(personId, work).catch((err: unknown) => {
      this.logger.warn({ err }, 'who carries a call could not be written');
    });
  }
}

const mayCall = ({ person }: PersonSocket): boolean =>
  person.roles.some((role) => CALLING_ROLES.some((calling) => calling === role));
