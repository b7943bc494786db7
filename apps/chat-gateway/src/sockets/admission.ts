import { Inject, Injectable, Logger } from '@nestjs/common';
import type { Person } from '@kindline/auth';
import { KindlineError } from '@kindline/contracts';
import type { DisconnectReason } from 'socket.io';
import { Absence } from './absence';
import { Arrivals } from './arrivals';
import {
  type BackendSocket,
  type ClientSocket,
  Connections,
  isPersons,
  type PersonSocket,
  requireOpen,
} from './connections';
import { PresenceLease } from './presence-lease';
import { hangUp, SIDE_NAMESPACES, type SideNamespace } from './side-namespace';
import { GOODBYE_MS, SILENCE_MS } from './silence';

/** How long a socket without a token may stay to authenticate by an event. */
const ANONYMOUS_MS = 10_000;

type ArriveListener = (client: PersonSocket) => void;
type LeaveListener = (client: ClientSocket) => void;

/** Who has come and who has left: people from the handshake or by an event, backends, and guests who are neither yet. */
@Injectable()
export class Admission {
  private readonly logger = new Logger(Admission.name);
  private readonly guests = new Map<string, NodeJS.Timeout>();
  private readonly arriveListeners: ArriveListener[] = [];
  private readonly leaveListeners: LeaveListener[] = [];

  constructor(
    private readonly connections: Connections,
    private readonly lease: PresenceLease,
    private readonly absence: Absence,
    private readonly arrivals: Arrivals,
    @Inject(SIDE_NAMESPACES) private readonly beside: SideNamespace[],
  ) {}

  /** What else has to be done when a person's socket is there, in the same turn. */
  onArrive(listener: ArriveListener): void {
    this.arriveListeners.push(listener);
  }

  /** What else has to be done when a socket is gone. */
  onLeave(listener: LeaveListener): void {
    this.leaveListeners.push(listener);
  }

  /** A socket that has shown nothing: it has ten seconds to do so. */
  guest(client: ClientSocket): void {
    this.guests.set(
      client.id,
      setTimeout(() => hangUp(client.socket, this.beside), ANONYMOUS_MS),
    );
  }

  /** Makes it the socket of a person whose live messages are tracked already (see Arrivals). */
  person(client: ClientSocket, person: Person, expiresAt: number): void {
    this.noGuest(client);
    const own = Object.assign(client, { person, expiresAt });
    if (this.connections.add(own)) this.lease.entered(person.id);
    this.lease.rolesChanged(person.id);
    for (const listener of this.arriveListeners) listener(own);
    this.arrivals.catchUp(own).catch((err: unknown) => {
      this.logger.warn({ err, socketId: client.id }, 'pending invitations could not be shown');
    });
  }

  /**
   * The same for a token shown by an event. The token shown last counts, with its roles and its expiry: a role
   * must not outlive the token that gave it.
   * @throws forbidden when it is somebody else's, conflict when it is gone meanwhile
   */
  async lateComer(client: ClientSocket, person: Person, expiresAt: number): Promise<void> {
    requireSame(client, person);
    if (!client.person) await this.arrivals.track(person.id);
    // Somebody may have been faster on the same socket.
    requireSame(client, person);
    requireOpen(client);
    if (!isPersons(client)) return this.person(client, person, expiresAt);
    Object.assign(client, { person, expiresAt });
    this.connections.indexRoles(person.id);
    this.lease.rolesChanged(person.id);
  }

  /** @throws conflict when it is gone meanwhile */
  backend(client: ClientSocket, fingerprint: string): void {
    requireOpen(client);
    this.noGuest(client);
    const own: BackendSocket = Object.assign(client, { backend: fingerprint });
    if (this.connections.addBackend(own)) this.lease.backendsChanged();
  }

  left(client: ClientSocket, reason: DisconnectReason): void {
    this.noGuest(client);
    if (this.connections.removeBackend(client)) this.lease.backendsChanged();
    for (const listener of this.leaveListeners) listener(client);
    if (!isPersons(client)) return;
    const last = this.connections.remove(client);
    this.lease.rolesChanged(client.person.id);
    if (!last) return;
    this.arrivals.left(client.person.id);
    // Who does not come back elsewhere is found when our lease lapses.
    if (this.lease.isFrozen) return;
    this.lease.left(client.person.id);
    const clean = reason === 'client namespace disconnect' || reason === 'transport close';
    this.absence.left(client.person.id, clean ? GOODBYE_MS : SILENCE_MS);
  }

  private noGuest({ id }: ClientSocket): void {
    clearTimeout(this.guests.get(id));
    this.guests.delete(id);
  }
}

function requireSame(client: ClientSocket, person: Person): void {
  if (client.person && client.person.id !== person.id) {
    throw new KindlineError('forbidden', "This socket is somebody else's");
  }
}
